// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/gexec"
)

// scriptTimeout is more than a script takes whose commands do not use up their own time.
const scriptTimeout = 5 * time.Minute

// block is a fenced block of a document.
type block struct {
	language, text string
	// notRun says that the document has a comment before the block why no test can run it, such as
	// <!-- not run: needs Velero -->.
	notRun bool
}

// fence is a fenced block, which may be in a list, and the comment before it.
var fence = regexp.MustCompile("(?ms)^(?: *(<!-- not run: [^\n]+ -->)\n\n?)?( *)```(\\w+)\n(.*?)^ *```$")

func blocksOf(text string) []block {
	var blocks []block
	for _, match := range fence.FindAllStringSubmatch(text, -1) {
		content := strings.ReplaceAll("\n"+match[4], "\n"+match[2], "\n")[1:]
		blocks = append(blocks, block{language: match[3], text: content, notRun: match[1] != ""})
	}
	return blocks
}

// document is a page of docs, and which of its scripts a spec has run.
type document struct {
	name, text string
	taken      map[string]bool
}

func readDocument(name string) *document {
	GinkgoHelper()
	content, err := os.ReadFile(filepath.Join("../../docs", name))
	Expect(err).NotTo(HaveOccurred())
	return &document{name: name, text: string(content), taken: map[string]bool{}}
}

// blocks are the blocks of a language below a heading.
func (d *document) blocks(heading, language string) []string {
	GinkgoHelper()
	_, section, found := strings.Cut(d.text, "\n## "+heading+"\n")
	Expect(found).To(BeTrue(), "docs/%s has no heading %q", d.name, heading)
	section, _, _ = strings.Cut(section, "\n## ")
	var texts []string
	for _, each := range blocksOf(section) {
		if each.language == language && !each.notRun {
			texts = append(texts, each.text)
		}
	}
	Expect(texts).NotTo(BeEmpty(), "docs/%s has no %s below %q", d.name, language, heading)
	return texts
}

// scripts are the scripts below a heading, to be run.
func (d *document) scripts(heading string) []string {
	GinkgoHelper()
	scripts := d.blocks(heading, "sh")
	for _, script := range scripts {
		d.taken[script] = true
	}
	return scripts
}

// expectEveryScriptTaken expects that the spec has run every script that a test can run.
func (d *document) expectEveryScriptTaken() {
	GinkgoHelper()
	for _, each := range blocksOf(d.text) {
		if each.language == "sh" && !each.notRun {
			Expect(d.taken).To(HaveKey(each.text), "a script of docs/%s that no test runs", d.name)
		}
	}
}

// shell is where the scripts of a document run: with a user's rights, and in a folder.
type shell struct {
	kubeconfig, folder string
	// programs are folders with further programs.
	programs []string
	// replacements are texts of scripts, each followed by what takes its place here.
	replacements []string
}

func newShell(kubeconfig string) *shell {
	GinkgoHelper()
	return &shell{kubeconfig: kubeconfig, folder: GinkgoT().TempDir()}
}

// run runs a script that has to succeed, and returns its output.
func (s *shell) run(ctx context.Context, script string, environment ...string) string {
	GinkgoHelper()
	session := s.start(ctx, script, environment...)
	Eventually(session).WithContext(ctx).WithTimeout(scriptTimeout).Should(gexec.Exit(0))
	return string(session.Out.Contents())
}

// fail runs a script that has to fail, and returns its error output.
func (s *shell) fail(ctx context.Context, script string, environment ...string) string {
	GinkgoHelper()
	session := s.start(ctx, script, environment...)
	Eventually(session).WithContext(ctx).WithTimeout(scriptTimeout).Should(gexec.Exit())
	Expect(session.ExitCode()).NotTo(BeZero())
	return string(session.Err.Contents())
}

// start starts a script in sh, with the kubectl of the control plane. It ends at the first command
// that fails.
func (s *shell) start(ctx context.Context, script string, environment ...string) *gexec.Session {
	GinkgoHelper()
	script = strings.NewReplacer(s.replacements...).Replace(script)
	command := exec.CommandContext(context.WithoutCancel(ctx), "sh", "-e", "-c", script) // #nosec G204 -- the script is the manual's
	command.Dir = s.folder
	path := append([]string{os.Getenv("KUBEBUILDER_ASSETS")}, s.programs...)
	command.Env = append([]string{
		"KUBECONFIG=" + s.kubeconfig, "HOME=" + GinkgoT().TempDir(), "TMPDIR=" + GinkgoT().TempDir(),
		"PATH=" + strings.Join(append(path, os.Getenv("PATH")), string(os.PathListSeparator)),
	}, environment...)
	session, err := gexec.Start(command, GinkgoWriter, GinkgoWriter)
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(func() { session.Kill().Wait(stopTimeout) })
	return session
}

// write writes a file into the folder of the shell.
func (s *shell) write(name, content string) {
	GinkgoHelper()
	Expect(os.WriteFile(filepath.Join(s.folder, name), []byte(content), 0o600)).To(Succeed())
}
