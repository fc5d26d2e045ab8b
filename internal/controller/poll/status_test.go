// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package poll

import (
	"testing"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

func TestExpectedMethod(t *testing.T) {
	for name, test := range map[string]struct {
		capabilities capabilities
		want         v1alpha1.PollingMethod
	}{
		"nothing known":     {capabilities{}, ""},
		"everything works":  {capabilities{tagFilter: works, updatedAtFilter: works}, v1alpha1.PollingChangedSince},
		"tags":              {capabilities{tagFilter: works, updatedAtFilter: refused}, v1alpha1.PollingOurs},
		"no tags":           {capabilities{tagFilter: incomplete}, v1alpha1.PollingProjects},
		"neither":           {capabilities{tagFilter: ignored, projectFilter: refused}, v1alpha1.PollingTickets},
		"not known of tags": {capabilities{projectFilter: works}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			if got := test.capabilities.expectedMethod(); got != test.want {
				t.Errorf("method %q, want %q", got, test.want)
			}
		})
	}
}
