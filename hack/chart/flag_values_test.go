// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/internal/shard"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// flagValues are values of the chart that become flags: those that the manager starts with, and
// those that it refuses.
var flagValues = map[string]struct {
	manager        func(string) error
	taken, refused []string
}{
	"allowedAPICIDRs": {
		manager: func(text string) error { _, err := synqly.ParseDestinations([]string{text}, nil); return err },
		taken: []string{
			"10.20.0.0/16", "0.0.0.0/0", "255.255.255.255/32", "fd00:20::/32", "::/0", "::1/128", "1:2:3:4:5:6:7:8/64", "1:2:3:4:5:6:7::/64",
			"FD00::ABCD/8", "::ffff:10.0.0.0/104", "1:2:3:4:5:6:10.0.0.1/128",
		},
		refused: []string{
			"10.0.0.256/24", "10.0.0.1/33", "10.0.0/8", "10.0.0.01/8", "10.0.0.0/08", "::/129", "1:2:3:4:5:6:7/64", "1:2:3:4:5:6:7:8::/64", "1::2::3/64",
			":::/64", "12345::/64", "::10.0.0.256/96",
		},
	},
	"allowedAPIHosts": {
		manager: func(text string) error { _, err := synqly.ParseDestinations(nil, []string{text}); return err },
		taken:   []string{"synqly.internal", "*.example.com", "10.example.com"},
		refused: []string{"10.0.0.1", "example.com:443", "a*.example.com"},
	},
	"watchLabelSelector": {
		manager: func(text string) error { _, err := shard.Parse(text); return err },
		taken: []string{
			"", "!a", "a == b", "a!=b", "a=", "ticketing.synqly.com/shard=a", "a in (b, c)", "a in (b,)", "a notin (b,c) , d>1,!e, F_g=h.i",
		},
		refused: []string{
			"shard is a", "a=b=c", "=a", "a in b", "a in (b", "a,", "a=b,,c", "a>b", "a=-b", "a/b/c", "A.b/c", "a..b/c", "a=" + strings.Repeat("b", 64),
		},
	},
}

// A Pod that does not start for a wrong flag is found later than a release that Helm refuses.
func TestTheChartTakesTheFlagValuesThatTheManagerTakes(t *testing.T) {
	for key, values := range flagValues {
		for _, text := range values.taken {
			if err := values.manager(text); err != nil {
				t.Errorf("the manager refuses %s %q: %v", key, text, err)
			}
		}
		for _, given := range valuesOf(t, key, values.taken) {
			if _, err := template(t, given); err != nil {
				t.Errorf("the manager takes this, and Helm does not:\n%s%v", given, err)
			}
		}
		for _, text := range values.refused {
			if err := values.manager(text); err == nil {
				t.Errorf("the manager takes %s %q", key, text)
			}
			if _, err := template(t, valuesOf(t, key, []string{text})[0]); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("the manager refuses %s %q, and Helm says: %v", key, text, err)
			}
		}
	}
}

// valuesOf are values of the chart with these texts: together where the value is a list.
func valuesOf(t *testing.T, key string, texts []string) []string {
	t.Helper()
	each := []any{texts}
	if key == "watchLabelSelector" {
		each = nil
		for _, text := range texts {
			each = append(each, text)
		}
	}
	var values []string
	for _, value := range each {
		content, err := yaml.Marshal(map[string]any{key: value})
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, string(content))
	}
	return values
}

// Each unit that Kubernetes has for memory is understood.
func TestGOMEMLIMITIsThreeQuartersOfTheMemoryLimit(t *testing.T) {
	for _, limit := range []string{"1.5Gi", "400M", "300000k", "1G", "4e8", "400000000000m", "1Ti", "1T", "524288Ki", "1Pi", "1P", "1E", "1Ei"} {
		t.Run(limit, func(t *testing.T) {
			lines := fieldLines(mustTemplate(t, fmt.Sprintf("resources: {limits: {memory: %q}}", limit)))
			var got resource.Quantity
			for _, line := range lines {
				if text, found := strings.CutPrefix(line, "Deployment/synqly-ticketing-operator spec.template.spec.containers[].env[].value: "); found {
					// Go writes MiB where Kubernetes writes Mi.
					got = resource.MustParse(strings.TrimSuffix(text, "B"))
				}
			}
			memory := resource.MustParse(limit)
			if want := int64(memory.AsApproximateFloat64() * 0.75); got.Value() != want {
				t.Errorf("GOMEMLIMIT is %s, want %d bytes", &got, want)
			}
		})
	}
}
