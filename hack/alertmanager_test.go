// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"os"
	"regexp"
	"testing"
)

// Templates in an AlertReceiver are those of Alertmanager's own package.
func TestTheAlertmanagerOfTheTestsIsTheOneOfTheTemplates(t *testing.T) {
	templates, program := alertmanagerVersion(t, "../go.mod"), alertmanagerVersion(t, "alertmanager/go.mod")
	if templates != program {
		t.Errorf("go.mod has Alertmanager %s and hack/alertmanager/go.mod has %s, want the same version", templates, program)
	}
}

func alertmanagerVersion(t *testing.T, goMod string) string {
	t.Helper()
	content, err := os.ReadFile(goMod)
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(?m)github\.com/prometheus/alertmanager (v\S+)`).FindSubmatch(content)
	if match == nil {
		t.Fatalf("%s does not require Alertmanager", goMod)
	}
	return string(match[1])
}
