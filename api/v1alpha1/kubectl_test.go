// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

// column is a column of kubectl get.
type column struct {
	name string
	// wide says that it is shown with -o wide only.
	wide bool
	// value is what the tests' object shows.
	value any
}

var _ = Describe("kubectl", func() {
	DescribeTable("finds", func(plural, kind, singular, shortName string, isNamespaced bool) {
		client, err := discovery.NewDiscoveryClientForConfig(restConfig)
		Expect(err).NotTo(HaveOccurred())
		resources, err := client.ServerResourcesForGroupVersion(v1alpha1.GroupVersion.String())
		Expect(err).NotTo(HaveOccurred())
		position := slices.IndexFunc(resources.APIResources, func(r metav1.APIResource) bool { return r.Name == plural })
		Expect(position).NotTo(Equal(-1), "%s must be served", plural)
		found := resources.APIResources[position]
		Expect(found.Kind).To(Equal(kind))
		Expect(found.SingularName).To(Equal(singular))
		Expect(found.ShortNames).To(Equal([]string{shortName}))
		Expect(found.Categories).To(Equal([]string{"ticketing"}))
		Expect(found.Namespaced).To(Equal(isNamespaced))
		Expect(slices.ContainsFunc(resources.APIResources, func(r metav1.APIResource) bool { return r.Name == plural+"/status" })).
			To(BeTrue(), "the status must be a subresource")
	},
		Entry("integrations", "integrations", "Integration", "integration", "integ", true),
		Entry("clusterintegrations", "clusterintegrations", "ClusterIntegration", "clusterintegration", "cinteg", false),
		Entry("tickets", "tickets", "Ticket", "ticket", "tkt", true),
		Entry("ticketcomments", "ticketcomments", "TicketComment", "ticketcomment", "tcomment", true),
		Entry("ticketnotes", "ticketnotes", "TicketNote", "ticketnote", "tnote", true),
		Entry("ticketattachments", "ticketattachments", "TicketAttachment", "ticketattachment", "tattach", true),
		Entry("ticketqueries", "ticketqueries", "TicketQuery", "ticketquery", "tquery", true),
		Entry("alertreceivers", "alertreceivers", "AlertReceiver", "alertreceiver", "alertrx", true),
		Entry("incidents", "incidents", "Incident", "incident", "inc", true),
	)

	ready := map[string]any{
		"type": "Ready", "status": "False", "reason": "Rejected", "message": "summary: too long", "lastTransitionTime": "2026-12-01T00:00:00Z",
	}
	stalled := map[string]any{
		"type": "Stalled", "status": "True", "reason": "Rejected", "message": "stalled", "lastTransitionTime": "2026-12-01T00:00:00Z",
	}
	child := map[string]any{"id": "c-7", "ticketID": "10023", "creator": "jane@example.com"}
	DescribeTable("shows", func(plural string, object *manifest, status map[string]any, columns ...column) {
		status["conditions"] = []any{stalled, ready}
		written, err := withStatus(created(object), "status", status)
		Expect(err).NotTo(HaveOccurred())
		table := tableOf(plural, written)

		// The API server adds the name as the first column.
		want := append([]column{{name: "Name", value: written.GetName()}}, columns...)
		var shown []column
		for position, definition := range table.ColumnDefinitions {
			value := table.Rows[0].Cells[position]
			if definition.Name == "Age" || definition.Name == "Since" {
				Expect(value).To(MatchRegexp(`^[0-9]+(s|m|h|d|y)`))
				value = nil
			}
			shown = append(shown, column{name: definition.Name, wide: definition.Priority > 0, value: value})
		}
		Expect(shown).To(Equal(want))
	},
		Entry("integrations", "integrations", integration(), map[string]any{"projectCount": int64(3), "polling": map[string]any{"method": "ChangedSince"}},
			column{name: "URL", value: v1alpha1.DefaultBaseURL},
			column{name: "Projects", value: float64(3)},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Polling", value: "ChangedSince", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("cluster integrations", "clusterintegrations", clusterIntegration(), map[string]any{"projectCount": int64(3), "polling": map[string]any{"method": "ChangedSince"}},
			column{name: "URL", value: v1alpha1.DefaultBaseURL},
			column{name: "Projects", value: float64(3)},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Polling", value: "ChangedSince", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("tickets", "tickets", ticket(with("spec.priority", "LOW"), with("spec.status", "To Do")),
			map[string]any{"id": "10023", "url": "https://acme.example.com/browse/10023", "remote": map[string]any{"status": "In Progress", "priority": "HIGH", "assignee": "jane@example.com", "summary": "remote"}},
			column{name: "ID", value: "10023"},
			column{name: "Status", value: "In Progress"},
			column{name: "Priority", value: "HIGH"},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Assignee", value: "jane@example.com", wide: true},
			column{name: "Summary", value: "p99 above 2s", wide: true},
			column{name: "URL", value: "https://acme.example.com/browse/10023", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("comments", "ticketcomments", ticketComment(), child,
			column{name: "Ticket", value: "10023"},
			column{name: "ID", value: "c-7"},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Creator", value: "jane@example.com", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("notes", "ticketnotes", ticketNote(), child,
			column{name: "Ticket", value: "10023"},
			column{name: "ID", value: "c-7"},
			column{name: "Title", value: "Timeline"},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Creator", value: "jane@example.com", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("attachments", "ticketattachments", ticketAttachment(),
			map[string]any{"id": "40001", "ticketID": "10023", "creator": "jane@example.com", "fileSize": int64(22)},
			column{name: "Ticket", value: "10023"},
			column{name: "ID", value: "40001"},
			column{name: "File", value: "heap.txt"},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "Size", value: float64(22), wide: true},
			column{name: "Creator", value: "jane@example.com", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("queries", "ticketqueries", ticketQuery(), map[string]any{"count": int64(12), "countIsExact": false},
			column{name: "Count", value: float64(12)},
			column{name: "Ready", value: "False"},
			column{name: "Age"},
			column{name: "Exact", value: false, wide: true},
			column{name: "Reason", value: "Rejected", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("receivers of alerts", "alertreceivers", alertReceiver(),
			map[string]any{"incidents": int64(7), "openTickets": int64(3), "url": "/v1/alerts/monitoring/platform", "lastError": "spec.ticket.summary:1:3: no such field"},
			column{name: "Incidents", value: float64(7)},
			column{name: "Open", value: float64(3)},
			column{name: "Ready", value: "False"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Age"},
			column{name: "URL", value: "/v1/alerts/monitoring/platform", wide: true},
			column{name: "Last Error", value: "spec.ticket.summary:1:3: no such field", wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
		Entry("incidents", "incidents", incident(with("spec.truncatedAlerts", int64(5))), map[string]any{
			"phase": "Firing", "firing": int64(2), "ticketRef": map[string]any{"name": "platform-1f0c-1"}, "ticketID": "10023",
			"since": "2025-12-01T00:00:00Z", "ticketURL": "https://acme.example.com/browse/10023",
		},
			column{name: "Phase", value: "Firing"},
			column{name: "Firing", value: float64(2)},
			column{name: "Ticket", value: "platform-1f0c-1"},
			column{name: "ID", value: "10023"},
			column{name: "Reason", value: "Rejected"},
			column{name: "Since"},
			column{name: "URL", value: "https://acme.example.com/browse/10023", wide: true},
			column{name: "Truncated", value: float64(5), wide: true},
			column{name: "Message", value: "summary: too long", wide: true},
		),
	)
})

// tableOf asks for one object in the form that kubectl get asks for.
func tableOf(plural string, object *manifest) metav1.Table {
	GinkgoHelper()
	config := dynamic.ConfigFor(restConfig)
	config.GroupVersion = &v1alpha1.GroupVersion
	config.APIPath = "/apis"
	client, err := rest.RESTClientFor(config)
	Expect(err).NotTo(HaveOccurred())
	body, err := client.Get().NamespaceIfScoped(object.GetNamespace(), object.GetNamespace() != "").Resource(plural).Name(object.GetName()).
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(suiteCtx).Raw()
	Expect(err).NotTo(HaveOccurred())
	var table metav1.Table
	Expect(json.Unmarshal(body, &table)).To(Succeed())
	Expect(table.Rows).To(HaveLen(1))
	return table
}
