// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fairqueue

import (
	"container/heap"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/synqly/ticketing-operator/internal/controller/priority"
)

// order decides which request is next: of those whose namespace and Integration have a worker left
// of their share, one of the namespace that holds the fewest workers, and within it one of the
// Integration that does; there one of the class whose turn it is, of these the highest priority,
// and then the one that has waited longest.
type order struct {
	limits        shares
	integrationOf func(reconcile.Request) types.NamespacedName
	classOf       func(reconcile.Request) priority.Class

	mu         sync.Mutex
	namespaces map[string]*tenant
	queued     map[reconcile.Request]*waiting
	running    map[reconcile.Request]*waiting
	// clusters are how many workers the objects of a ClusterIntegration hold, in all namespaces.
	clusters map[types.NamespacedName]int
	// priorities are those that requests were added with that are not queued yet.
	priorities map[reconcile.Request]int
	sequence   uint64
	closed     bool
	// most is how many requests have been queued at once since the maps were made.
	most int
}

// manyRequests is how many requests make a map so large that it is worth to make it anew: it keeps
// the room of the start, when every object is queued, for ever.
const manyRequests = 1024

// tenant is a namespace with requests that wait or run.
type tenant struct {
	running int
	lines   map[types.NamespacedName]*line
}

// line holds the requests of one Integration.
type line struct {
	running int
	// waiting are those that wait, by class.
	waiting [priority.Classes]waitingHeap
	turns   priority.Turns
}

// waiting is a request that waits, or has.
type waiting struct {
	request     reconcile.Request
	integration types.NamespacedName
	class       priority.Class
	priority    int
	sequence    uint64
	index       int
}

var _ workqueue.Queue[reconcile.Request] = &order{}

func newOrder(limits shares, integrationOf func(reconcile.Request) types.NamespacedName, classOf func(reconcile.Request) priority.Class) *order {
	return &order{
		limits: limits, integrationOf: integrationOf, classOf: classOf, namespaces: map[string]*tenant{}, priorities: map[reconcile.Request]int{},
		queued: map[reconcile.Request]*waiting{}, running: map[reconcile.Request]*waiting{}, clusters: map[types.NamespacedName]int{},
	}
}

// prioritise notes the priority of a request that is about to be added, or has been. The highest
// one counts.
func (o *order) prioritise(request reconcile.Request, priority int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if entry := o.queued[request]; entry != nil {
		if priority > entry.priority {
			entry.priority = priority
			heap.Fix(&o.lineOf(entry).waiting[entry.class], entry.index)
		}
		return
	}
	if known, is := o.priorities[request]; !is || priority > known {
		o.priorities[request] = priority
	}
}

// Push implements workqueue.Queue.
func (o *order) Push(request reconcile.Request) {
	integration, class := o.integrationOf(request), o.classOf(request)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.sequence++
	entry := &waiting{request: request, integration: integration, class: class, priority: o.priorities[request], sequence: o.sequence}
	delete(o.priorities, request)
	o.queued[request] = entry
	o.most = max(o.most, len(o.queued))
	heap.Push(&o.lineOf(entry).waiting[class], entry)
}

// Touch implements workqueue.Queue: a request that is added again keeps its place.
func (o *order) Touch(reconcile.Request) {}

// Len implements workqueue.Queue. It is zero while nothing may run, whatever waits.
func (o *order) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.next() == nil {
		return 0
	}
	return len(o.queued)
}

// Pop implements workqueue.Queue. It is called only after Len was not zero, under the same lock of
// the work queue; what others release meanwhile makes no request less.
func (o *order) Pop() reconcile.Request {
	o.mu.Lock()
	defer o.mu.Unlock()
	entry := o.next()
	line := o.lineOf(entry)
	heap.Pop(&line.waiting[entry.class])
	line.turns.Served(entry.class, line.waits)
	line.running++
	o.namespaces[entry.request.Namespace].running++
	if isCluster(entry.integration) {
		o.clusters[entry.integration]++
	}
	delete(o.queued, entry.request)
	o.running[entry.request] = entry
	return entry.request
}

// next is the request that may run next, or nil.
func (o *order) next() *waiting {
	var best *waiting
	var fewest [2]int
	for _, namespace := range o.namespaces {
		if namespace.running >= o.limits.namespace {
			continue
		}
		for integration, line := range namespace.lines {
			head := line.head()
			if head == nil || line.running >= o.limits.integration || o.clusters[integration] >= o.limits.integration {
				continue
			}
			held := [2]int{namespace.running, line.running}
			if best == nil || isLess(held, fewest) || (held == fewest && head.before(best)) {
				best, fewest = head, held
			}
		}
	}
	return best
}

func isLess(a, b [2]int) bool { return a[0] < b[0] || (a[0] == b[0] && a[1] < b[1]) }

// priorityOf is the priority that a running request came with.
func (o *order) priorityOf(request reconcile.Request) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	if entry := o.running[request]; entry != nil {
		return entry.priority
	}
	return 0
}

// release ends the run of a request.
func (o *order) release(request reconcile.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	entry := o.running[request]
	if entry == nil {
		return
	}
	delete(o.running, request)
	namespace, line := o.namespaces[request.Namespace], o.lineOf(entry)
	namespace.running--
	line.running--
	if isCluster(entry.integration) {
		if o.clusters[entry.integration]--; o.clusters[entry.integration] == 0 {
			delete(o.clusters, entry.integration)
		}
	}
	if line.running == 0 && line.head() == nil {
		delete(namespace.lines, entry.integration)
	}
	if len(namespace.lines) == 0 {
		delete(o.namespaces, request.Namespace)
	}
	if len(o.queued) == 0 && o.most > manyRequests {
		o.queued, o.most = map[reconcile.Request]*waiting{}, 0
	}
}

// isCluster reports whether a name is that of a ClusterIntegration, which many namespaces share.
func isCluster(integration types.NamespacedName) bool {
	return integration.Namespace == "" && integration.Name != ""
}

func (o *order) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
}

// lineOf is the line that a request stands in, which is made where it does not exist.
func (o *order) lineOf(entry *waiting) *line {
	namespace := o.namespaces[entry.request.Namespace]
	if namespace == nil {
		namespace = &tenant{lines: map[types.NamespacedName]*line{}}
		o.namespaces[entry.request.Namespace] = namespace
	}
	found := namespace.lines[entry.integration]
	if found == nil {
		found = &line{}
		namespace.lines[entry.integration] = found
	}
	return found
}

// head is the request of a line that is next, or nil.
func (l *line) head() *waiting {
	var head *waiting
	for _, waiting := range l.waiting {
		if len(waiting) > 0 && (head == nil || l.turns.Before(waiting[0].class, head.class)) {
			head = waiting[0]
		}
	}
	return head
}

// waits reports whether requests of a class wait.
func (l *line) waits(class priority.Class) bool { return len(l.waiting[class]) > 0 }

func (w *waiting) before(other *waiting) bool {
	if w.priority != other.priority {
		return w.priority > other.priority
	}
	return w.sequence < other.sequence
}

// waitingHeap implements heap.Interface.
type waitingHeap []*waiting

func (h waitingHeap) Len() int           { return len(h) }
func (h waitingHeap) Less(i, j int) bool { return h[i].before(h[j]) }

func (h waitingHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *waitingHeap) Push(entry any) {
	added := entry.(*waiting)
	added.index = len(*h)
	*h = append(*h, added)
}

func (h *waitingHeap) Pop() any {
	last := len(*h) - 1
	entry := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return entry
}
