// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package alerts

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var notificationsTotal = prometheus.NewCounterVec(prometheus.CounterOpts{
	Name: "synqly_alert_notifications_total",
	Help: "Notifications of alerts, by AlertReceiver and status code of the response. Those without the token of a receiver count for no receiver.",
}, []string{"namespace", "receiver", "code"})

func init() {
	metrics.Registry.MustRegister(notificationsTotal)
}

// countNotification counts an answer. The receiver is empty unless the sender had its token, so
// that nobody else can make series.
func countNotification(receiver types.NamespacedName, code int) {
	notificationsTotal.WithLabelValues(receiver.Namespace, receiver.Name, strconv.Itoa(code)).Inc()
}

// forgetNotifications removes the series of a receiver that is gone.
func forgetNotifications(receiver types.NamespacedName) {
	notificationsTotal.DeletePartialMatch(prometheus.Labels{"namespace": receiver.Namespace, "receiver": receiver.Name})
}
