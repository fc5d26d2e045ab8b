// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// withAttachments is a terminal with a Ticket whose remote ticket has these files, in turn a name
// and a content.
func withAttachments(t *testing.T, files ...string) (terminal *terminal, simulated *simulator.Server, ids []string) {
	t.Helper()
	terminal, simulated = newProvider(t, newTicket("slow", "10001", ready()), newTicket("new", ""))
	addTickets(simulated, 1)
	remote, err := synqly.NewClient(synqly.Options{Token: testToken, Transport: simulated.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		created, err := remote.CreateAttachment(t.Context(), "10001", synqly.CreateAttachmentRequest{FileName: files[i], Content: []byte(files[i+1])})
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, created.ID)
	}
	return terminal, simulated, ids
}

func TestListAttachments(t *testing.T) {
	terminal, _, ids := withAttachments(t, "heap.txt", "heap", "a\x1b[31mb\nc.txt", "")
	expectParts(t, terminal.mustRun("attachments", "list", "slow"), "ID      FILE", ids[0]+"   heap.txt", "a�[31mb c.txt")
	expectParts(t, terminal.mustRun("attachments", "list", "--ticket-id=10001", "-o", "yaml"), "fileName: heap.txt", "fileSize: 4")
	terminal.mustFail([]string{"has no remote ticket yet"}, "attachments", "list", "new")
	terminal.mustFail([]string{"and not both"}, "attachments", "list", "slow", "--ticket-id=10001")
	terminal.mustFail([]string{"and not both"}, "attachments", "list")
	terminal.mustFail([]string{"404"}, "attachments", "list", "--ticket-id=nobody")
}

func TestDownloadAttachment(t *testing.T) {
	binary := "\x00\xff\r\n"
	terminal, _, ids := withAttachments(t, "heap.bin", binary, "twice.txt", "1", "twice.txt", "2")
	t.Chdir(t.TempDir())

	expectParts(t, terminal.mustRun("attachments", "get", "slow", "heap.bin"), "heap.bin (4 bytes)")
	expectFile(t, "heap.bin", binary)
	terminal.mustFail([]string{"heap.bin exists already", "--overwrite"}, "attachments", "get", "slow", "heap.bin")
	terminal.mustRun("attachments", "get", "slow", ids[0], "--overwrite")
	if got := terminal.mustRun("attachments", "get", "--ticket-id=10001", ids[2], "--to=-"); got != "2" {
		t.Errorf("the output is %q, want the content", got)
	}
	terminal.mustRun("attachments", "get", "slow", ids[1], "--to=other.txt")
	expectFile(t, "other.txt", "1")
	if err := os.Mkdir("folder", 0o700); err != nil {
		t.Fatal(err)
	}
	terminal.mustRun("attachments", "get", "slow", ids[1], "--to=folder")
	expectFile(t, filepath.Join("folder", "twice.txt"), "1")
	terminal.mustFail([]string{"2 attachments have the name", "use the ID"}, "attachments", "get", "slow", "twice.txt")
	terminal.mustFail([]string{`no attachment "nothing"`}, "attachments", "get", "slow", "nothing")
}

func expectFile(t *testing.T, path, want string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil || string(content) != want {
		t.Errorf("%s has %q, error %v, want %q", path, content, err, want)
	}
}

// TestOverwriteFollowsNoLink: the file that a link points to stays as it is.
func TestOverwriteFollowsNoLink(t *testing.T) {
	terminal, _, _ := withAttachments(t, "heap.txt", "new")
	t.Chdir(t.TempDir())
	if err := os.WriteFile("precious", []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("precious", "heap.txt"); err != nil {
		t.Fatal(err)
	}
	terminal.mustFail([]string{"exists already"}, "attachments", "get", "slow", "heap.txt")
	terminal.mustRun("attachments", "get", "slow", "heap.txt", "--overwrite")
	expectFile(t, "precious", "old")
	expectFile(t, "heap.txt", "new")
}

func TestAttachmentsThatTheProviderDoesNotHave(t *testing.T) {
	terminal, simulated, _ := withAttachments(t)
	simulated.SetBehaviour(simulator.Behaviour{Unsupported: []string{"ListAttachments"}})
	terminal.mustFail([]string{"the provider does not have this operation", "501"}, "attachments", "list", "slow")
}

func TestAttachmentThatIsTooLarge(t *testing.T) {
	terminal, simulated, _ := withAttachments(t, "core", "dump")
	simulated.Inject(simulator.Fault{Operation: "DownloadAttachment", Status: http.StatusOK, AfterCommit: true, Oversize: 17 << 20})
	t.Chdir(t.TempDir())
	terminal.mustFail([]string{"larger than the 12 MiB"}, "attachments", "get", "slow", "core")
	if files, err := os.ReadDir("."); err != nil || len(files) > 0 {
		t.Errorf("the folder has %v, error %v, want nothing", files, err)
	}
}

// TestNamesOfDownloads: a name that somebody else has chosen leads nowhere.
func TestNamesOfDownloads(t *testing.T) {
	for name, want := range map[string]string{
		"heap.txt": "heap.txt", "../../etc/passwd": "_.._etc_passwd", "/etc/passwd": "_etc_passwd", "`..\\x`": "`.._x`", "C:\\x": "C__x",
		".bashrc": "bashrc", "-rf": "rf", "": "attachment", "..": "attachment", "a\x1b[31m\n": "a_[31m_", "日誌 файл.txt": "日誌 файл.txt",
		"\u202etxt.exe": "_txt.exe", "\xff.txt": "_.txt",
	} {
		if got := localName(name); got != want {
			t.Errorf("localName(%q) = %q, want %q", name, got, want)
		}
	}
	long := localName(strings.Repeat("日", 255) + ".txt")
	if len(long) > 200 || !utf8.ValidString(long) || !strings.HasSuffix(long, "日.txt") {
		t.Errorf("a long name becomes %q with %d bytes", long, len(long))
	}
}

// TestContentIsWrittenAsItIs: a whole file, and nothing where writing fails.
func TestContentIsWrittenAsItIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	content := bytes.Repeat([]byte{0, 1, 2}, 1000)
	if err := writeNewFile(path, content); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !cmp.Equal(got, content) {
		t.Errorf("%d bytes, error %v, want %d", len(got), err, len(content))
	}
	if err := writeNewFile(path, nil); err == nil {
		t.Error("a file that exists is overwritten")
	}
}
