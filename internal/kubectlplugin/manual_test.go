// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
	"github.com/synqly/ticketing-operator/internal/synqly"
	"github.com/synqly/ticketing-operator/internal/synqly/simulator"
)

// manualNamespace is the namespace of the examples of docs/kubectl-plugin.md.
const manualNamespace = "default"

// The first line of an example is its command; what follows is the output.
var manualExample = regexp.MustCompile(`(?m)^\$ (.*)\n((?:[^$\n].*\n|\n)*)`)

// TestManualShowsWhatThePluginPrints runs each example of the manual that runs the plugin.
func TestManualShowsWhatThePluginPrints(t *testing.T) {
	shown := map[string]bool{}
	for _, section := range strings.Split(readManual(t), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		var user *terminal
		for _, block := range regexp.MustCompile("(?ms)^```console\n(.*?)^```$").FindAllStringSubmatch(text, -1) {
			if user == nil {
				user = newManualTerminal(t, heading)
			}
			for _, example := range manualExample.FindAllStringSubmatch(block[1], -1) {
				arguments, isPlugin := strings.CutPrefix(example[1], "kubectl ticketing ")
				if !isPlugin {
					user.applyImported(example[1])
					continue
				}
				shown[strings.Fields(arguments)[0]] = true
				if diff := cmp.Diff(user.show(arguments), example[2]); diff != "" {
					t.Errorf("%s (-the program +the manual):\n%s", example[1], diff)
				}
			}
		}
	}
	for _, subcommand := range NewCommand(Options{}).Commands() {
		if !shown[subcommand.Name()] {
			t.Errorf("docs/kubectl-plugin.md does not show the output of %s", subcommand.Name())
		}
	}
}

func readManual(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile("../../docs/kubectl-plugin.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// show is what a person sees who runs the plugin.
func (m *terminal) show(arguments string) string {
	m.t.Helper()
	output, errorOutput, err := m.run(append([]string{"--namespace=" + manualNamespace}, strings.Fields(strings.ReplaceAll(arguments, "'", ""))...)...)
	if err != nil {
		errorOutput += fmt.Sprintf("error: %v\n", err)
	}
	return output + errorOutput
}

// applyImported does what the only other command of the examples does.
func (m *terminal) applyImported(command string) {
	m.t.Helper()
	if command != "kubectl apply -f tickets >/dev/null" {
		m.t.Fatalf("the test does not know the command %q", command)
	}
	files, err := filepath.Glob("tickets/*.yaml")
	if err != nil {
		m.t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			m.t.Fatal(err)
		}
		for _, read := range readManifests(m.t, string(content)) {
			ticket := &v1alpha1.Ticket{ObjectMeta: metav1.ObjectMeta{Namespace: manualNamespace, Name: read.Metadata.Name}, Spec: read.Spec}
			if err := m.cluster.Create(m.t.Context(), ticket); err != nil {
				m.t.Fatal(err)
			}
		}
	}
}

// newManualTerminal is a terminal in the cluster of the section of the manual, and in an empty
// folder.
func newManualTerminal(t *testing.T, section string) *terminal {
	t.Helper()
	simulated := simulator.New(simulator.Options{Token: testToken, Now: func() time.Time { return now }})
	t.Cleanup(simulated.Close)
	funcs := interceptor.Funcs{}
	objects := manualObjects()
	switch section {
	case "What needs the token":
		funcs = forbidding[*corev1.Secret]("secrets")
	case "status":
		for i := range 300 {
			imported := newTicket(fmt.Sprint(10002+i), fmt.Sprint(10002+i), ready())
			imported.Status.Integration = "imported"
			objects = append(objects, imported)
		}
	case "import":
		addTickets(simulated, 600)
	case "attachments":
		addTickets(simulated, 1)
		objects = append(objects, newTicket("heap", attachHeap(t, simulated), ready()))
	}
	for _, object := range objects {
		object.SetNamespace(manualNamespace)
	}
	user := newTerminalWith(t, funcs, objects...)
	user.transport = simulated.Transport()
	t.Chdir(t.TempDir())
	return user
}

// attachHeap attaches a file to the first ticket, whose ID it returns.
func attachHeap(t *testing.T, simulated *simulator.Server) string {
	t.Helper()
	remote, err := synqly.NewClient(synqly.Options{Token: testToken, Transport: simulated.Transport()})
	if err != nil {
		t.Fatal(err)
	}
	id := simulated.Tickets()[0].ID
	if _, err := remote.CreateAttachment(t.Context(), id, synqly.CreateAttachmentRequest{FileName: "heap.txt", Content: []byte("heap")}); err != nil {
		t.Fatal(err)
	}
	return id
}

// manualObjects are what the examples are about.
func manualObjects() []client.Object {
	connected := func(name string) *v1alpha1.Integration {
		integration := newIntegration(readyFor(v1alpha1.ReasonConnected, "the provider accepts the token"))
		integration.Name, integration.Status.ObservedGeneration = name, 1
		integration.Status.Polling = &v1alpha1.PollingStatus{Method: v1alpha1.PollingProjects}
		integration.Status.ProjectCount, integration.Status.RemoteFieldCount = 3, 19
		return integration
	}
	secret := newSecret()

	latency := newTicket("checkout-latency", "10302", ready(), condition(v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced, "in sync"))
	latency.Status.URL = "https://acme.example.com/browse/10302"
	started := newComment("checkout-latency-started", latency.Name, ready())
	started.Status.ID = "20001"
	noProject := `project "OSP" is none of the 3 that the provider has (DEV (Development), OPS (Operations), SEC (Security)); did you mean "OPS" (Operations)?`
	unknownProject := newTicket("unknown-project", "",
		notReady(v1alpha1.ReasonRejected, `creating the remote ticket: CreateTicket: 400 Bad Request: project is "OSP", and there is no such project (/project). Use one of OPS, SEC, DEV; this may be why: `+noProject),
		condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRejected, "stalled"),
		condition(v1alpha1.ConditionValid, metav1.ConditionFalse, v1alpha1.ReasonUnknownProject, noProject))

	refused := connected("jira")
	refused.Status.Conditions = []metav1.Condition{notReady(v1alpha1.ReasonInvalidToken, "ListProjects: 401 Unauthorized")}
	incident := newIncident("platform-75660623fbaac4ea", v1alpha1.IncidentFiring, readyFor(v1alpha1.ReasonTracked, "the ticket is as the alerts ask"))
	return []client.Object{
		connected(v1alpha1.DefaultIntegrationName), connected("imported"), refused, secret, latency, started, unknownProject,
		newReceiver(readyFor(v1alpha1.ReasonReceiving, "alerts are received")), incident,
	}
}
