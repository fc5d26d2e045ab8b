// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// The headings of docs/pipelines.md with the recipes.
const (
	openRecipe    = "Open a ticket"
	commentRecipe = "Comment"
	attachRecipe  = "Attach a log"
	noteRecipe    = "Write a note"
	gateRecipe    = "Wait until no ticket is open"
	closeRecipe   = "Close"
	cleanUpRecipe = "Clean up"
)

var _ = Describe("The recipes of docs/pipelines.md", func() {
	It("lead from a failed deployment to a closed ticket, however often a job runs again", func(ctx SpecContext) {
		p := newPipeline(ctx)
		failure := []string{
			"TICKET=deploy-4711", `SUMMARY=it's "über" 50%: $(id) # [` + "\t`x`",
			"DESCRIPTION=  - first: it's `$(id)`\n# \"second\"\x1b[0m\n\nEND",
		}
		for range 2 {
			output := p.run(ctx, recipe(openRecipe), failure...)
			Expect(p.remote.Tickets()).To(HaveLen(1), "the same name is the same ticket")
			opened := p.remote.Tickets()[0]
			Expect(output).To(HaveSuffix("\nTicket " + opened.ID + ": https://acme.example.com/browse/" + opened.ID + "\n"))
			Expect(opened.Summary).To(Equal(`it's "über" 50%: $(id) # [ ` + "`x`"))
			Expect(opened.Description).To(Equal("  - first: it's `$(id)`\n# \"second\"[0m\n\nEND\n"))
		}
		id := p.remote.Tickets()[0].ID

		for range 2 {
			p.run(ctx, recipe(commentRecipe), "TICKET=deploy-4711", "STEP=rolled-back", "TEXT=rolled back to:\n  v1.2.3")
			Expect(p.remote.Comments(id)).To(ConsistOf(HaveField("Content", "rolled back to:\n  v1.2.3\n")))
		}
		log := bytes.Repeat([]byte("2026-12-01 \xff\x00\x1b[31mit failed\x1b[0m\n"), 20_000)
		p.run(ctx, recipe(attachRecipe), "TICKET=deploy-4711", "LOG="+fileWith(log))
		p.run(ctx, recipe(attachRecipe), "TICKET=deploy-4711", "LOG="+fileWith([]byte("of the second attempt")))
		Expect(p.remote.Attachments(id)).To(ConsistOf(And(
			HaveField("FileName", "log.txt"), HaveField("Content", log[len(log)-512<<10:]))))
		var left corev1.ConfigMapList
		Expect(administrator.List(ctx, &left, client.InNamespace(p.namespace), client.HasLabels{"pipeline-ticket"})).To(Succeed())
		Expect(left.Items).To(BeEmpty(), "the ConfigMap of a file that is uploaded is not needed any more")
		for _, text := range []string{"the old version serves", "the new version serves"} {
			p.run(ctx, recipe(noteRecipe), "TICKET=deploy-4711", "TEXT="+text)
			Expect(p.remote.Notes(id)).To(ConsistOf(HaveField("Content", text+"\n")))
		}

		p.run(ctx, recipe(closeRecipe), "TICKET=deploy-4711")
		Expect(p.remote.Tickets()).To(ConsistOf(HaveField("Status", "Done")))
		p.run(ctx, recipe(openRecipe), failure...)
		Expect(p.remote.Tickets()).To(ConsistOf(HaveField("Status", "Done")), "a ticket that was closed stays so")

		p.run(ctx, recipe(cleanUpRecipe), "TICKET=deploy-4711")
		p.expectNoObjects(ctx)
		Expect(p.remote.Comments(id)).To(HaveLen(1))
		Expect(p.remote.Attachments(id)).To(HaveLen(1))
		Expect(p.remote.Notes(id)).To(HaveLen(1))
		Expect(p.run(ctx, recipe(closeRecipe), "TICKET=deploy-4711")).To(Equal("There is no Ticket deploy-4711: nothing to close.\n"))
	})

	It("make a ticket for each run where the name is generated", func(ctx SpecContext) {
		p := newPipeline(ctx)
		generated := recipes(openRecipe)[1]
		Expect(generated).To(ContainSubstring("generateName"))
		for _, count := range []int{1, 2} {
			Expect(p.run(ctx, generated, "TICKET=smoke")).To(ContainSubstring(": https://acme.example.com/browse/"))
			Expect(p.remote.Tickets()).To(HaveLen(count))
		}
		p.run(ctx, recipe(cleanUpRecipe), "TICKET=smoke")
		p.expectNoObjects(ctx)
	})

	It("say what is wrong", func(ctx SpecContext) {
		p := newPipeline(ctx)
		Expect(p.fail(ctx, recipe(openRecipe), "TICKET=deploy-1")).To(ContainSubstring("SUMMARY"))
		Expect(p.fail(ctx, recipe(attachRecipe), "TICKET=deploy-1", "LOG="+fileWith(nil))).To(ContainSubstring("is empty: nothing is attached"))

		refused := p.ticket("deploy-1")
		refused.Spec.Project = "OSP"
		create(ctx, refused)
		expectReason(ctx, refused, v1alpha1.ReasonRejected)
		impatient := strings.ReplaceAll(recipe(openRecipe), "--timeout=2m", "--timeout=1s")
		Expect(p.fail(ctx, impatient, "TICKET=deploy-1", "SUMMARY=refused", "DESCRIPTION=refused")).To(And(
			ContainSubstring("The Ticket deploy-1 has no remote ticket yet. The operator says:"),
			ContainSubstring(`project is "OSP", and there is no such project`)))

		Expect(p.fail(ctx, "kubectl auth can-i get secrets")).To(BeEmpty())
	})

	It("hold a pipeline back while tickets are open", func(ctx SpecContext) {
		p := newPipeline(ctx)
		urgent := p.remote.AddTicket(simulator.Ticket{Summary: "The shop is down", Priority: "URGENT", Status: "To Do", Project: "OPS"})
		query := &v1alpha1.TicketQuery{ObjectMeta: p.named("open-urgent"), Spec: v1alpha1.TicketQuerySpec{
			Filters: []string{"priority[eq]URGENT", "status[ne]Done"},
		}}
		create(ctx, query)
		expectReady(ctx, query)
		Expect(p.fail(ctx, recipe(gateRecipe), "QUERY=open-urgent", "BUILD=1", "GATE_TIMEOUT=1s")).To(And(
			ContainSubstring("Tickets that match open-urgent:\n" + urgent.ID + " The shop is down https://acme.example.com/browse/" + urgent.ID + "\n")))

		Expect(p.remote.EditTicket(urgent.ID, func(ticket *simulator.Ticket) { ticket.Status = "Done" })).To(BeTrue())
		p.run(ctx, recipe(gateRecipe), "QUERY=open-urgent", "BUILD=2")
	})

	It("are the scripts of the jobs of GitHub Actions and GitLab", func() {
		var workflow struct {
			Jobs map[string]struct {
				Steps []struct {
					Name, Shell, Run string
					Env              map[string]string
				}
			}
		}
		Expect(yaml.Unmarshal([]byte(blocks("GitHub Actions", "yaml")[0]), &workflow)).To(Succeed())
		steps := workflow.Jobs["deploy"].Steps
		for i, heading := range map[int]string{2: openRecipe, 3: closeRecipe} {
			Expect(steps[i].Run).To(Equal(recipe(heading)), steps[i].Name)
			Expect(steps[i].Shell).To(Equal("sh"))
			expectVariables(recipe(heading), steps[i].Env)
		}

		var pipeline map[string]any
		Expect(yaml.Unmarshal([]byte(blocks("GitLab", "yaml")[0]), &pipeline)).To(Succeed())
		for job, heading := range map[string]string{"open-ticket": openRecipe, "close-ticket": closeRecipe} {
			Expect(pipeline[job]).To(HaveKeyWithValue("script", []any{recipe(heading)}), job)
			expectVariables(recipe(heading), pipeline["variables"], pipeline[job].(map[string]any)["variables"])
		}
	})
})

// blocks are the fenced blocks of a language below a heading of docs/pipelines.md.
func blocks(heading, language string) []string {
	GinkgoHelper()
	return readDocument("pipelines.md").blocks(heading, language)
}

func recipes(heading string) []string { return blocks(heading, "sh") }

func recipe(heading string) string { return recipes(heading)[0] }

// expectVariables expects variables to be given that a recipe cannot do without.
func expectVariables(script string, given ...any) {
	GinkgoHelper()
	needed := regexp.MustCompile(`\$\{([A-Z]+):\?\}`).FindAllStringSubmatch(script, -1)
	Expect(needed).NotTo(BeEmpty())
	for _, name := range needed {
		Expect(given).To(ContainElement(HaveKey(name[1])))
	}
}

// pipeline runs recipes in a tenant's namespace, with the rights of the page and no others.
type pipeline struct {
	*tenant
	*shell
}

func newPipeline(ctx SpecContext) *pipeline {
	GinkgoHelper()
	p := &pipeline{tenant: newTenant(ctx)}
	p.startManager(ctx)
	integration := p.integration()
	integration.Spec.TicketURLTemplate = "https://acme.example.com/browse/{id}"
	p.connect(ctx, integration)

	rights := filepath.Join(GinkgoT().TempDir(), "rights.yaml")
	Expect(os.WriteFile(rights, []byte(blocks("Rights", "yaml")[0]), 0o600)).To(Succeed())
	for _, object := range readManifests(rights) {
		object.SetNamespace(p.namespace)
		create[client.Object](ctx, object)
	}
	token := tokenOf(ctx, client.ObjectKey{Namespace: p.namespace, Name: "pipeline"})
	p.secrets = append(p.secrets, token)
	p.shell = newShell(writeKubeconfig(token, p.namespace))
	return p
}

// expectNoObjects expects no object that a recipe makes.
func (p *pipeline) expectNoObjects(ctx context.Context) {
	GinkgoHelper()
	for _, list := range []client.ObjectList{
		&v1alpha1.TicketList{}, &v1alpha1.TicketCommentList{}, &v1alpha1.TicketNoteList{}, &v1alpha1.TicketAttachmentList{},
	} {
		Expect(administrator.List(ctx, list, client.InNamespace(p.namespace))).To(Succeed())
		Expect(list).To(HaveField("Items", BeEmpty()))
	}
}

func fileWith(content []byte) string {
	GinkgoHelper()
	path := filepath.Join(GinkgoT().TempDir(), "deploy.log")
	Expect(os.WriteFile(path, content, 0o600)).To(Succeed())
	return path
}
