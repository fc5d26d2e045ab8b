// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package states

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/api/v1alpha1"
)

const customizations = "../../config/argocd/resource_customizations/"

// verdict is what a health check returns.
type verdict struct {
	Status  Health `json:"status"`
	Message string `json:"message"`
}

// healthOf is what Argo CD shows of an object with a health check. One that is being deleted is
// Progressing without a question.
func healthOf(t *testing.T, script string, object *unstructured.Unstructured) verdict {
	t.Helper()
	if object.GetDeletionTimestamp() != nil {
		return verdict{Status: Progressing, Message: "Pending deletion"}
	}
	return run(t, script, object)
}

// run runs a script with what Argo CD gives to the scripts of its ConfigMap: the object as obj, the
// base library and the one for tables, and a second.
func run(t *testing.T, script string, object *unstructured.Unstructured) verdict {
	t.Helper()
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{lua.LoadLibName: lua.OpenPackage, lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable} {
		if err := state.CallByParam(lua.P{Fn: state.NewFunction(open), Protect: true}, lua.LString(name)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(t, state, object.Object))
	if err := state.DoString(script); err != nil {
		t.Fatalf("the health check of %s fails: %v", object.GetKind(), err)
	}
	table, isTable := state.Get(-1).(*lua.LTable)
	if !isTable {
		t.Fatalf("the health check of %s returns a %s", object.GetKind(), state.Get(-1).Type())
	}
	return verdict{Status: Health(lua.LVAsString(table.RawGetString("status"))), Message: lua.LVAsString(table.RawGetString("message"))}
}

func toLua(t *testing.T, state *lua.LState, value any) lua.LValue {
	t.Helper()
	switch value := value.(type) {
	case nil:
		return lua.LNil
	case bool:
		return lua.LBool(value)
	case string:
		return lua.LString(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	case []any:
		list := state.NewTable()
		for _, element := range value {
			list.Append(toLua(t, state, element))
		}
		return list
	case map[string]any:
		object := state.NewTable()
		for key, element := range value {
			object.RawSetString(key, toLua(t, state, element))
		}
		return object
	}
	t.Fatalf("a %T in an object", value)
	return nil
}

func healthCheckOf(t *testing.T, kind string) string {
	t.Helper()
	script, err := os.ReadFile(customizations + v1alpha1.GroupVersion.Group + "/" + kind + "/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	return string(script)
}

func TestArgoCDHealth(t *testing.T) {
	for _, kind := range Kinds {
		script := healthCheckOf(t, kind)
		for _, test := range examples(t, kind) {
			got := healthOf(t, script, test.object)
			if got.Status != test.health || got.Message == "" {
				t.Errorf("%s, %s: Argo CD shows %q (%q), want %q", kind, test.name, got.Status, got.Message, test.health)
			}
		}
	}
}

// A reason that a newer version of the operator writes is not one that stops a sync.
func TestArgoCDHealthOfAnUnknownReason(t *testing.T) {
	for _, kind := range Kinds {
		object, err := Written(sampleOf(t, kind), waiting("FromTheFuture"))
		if err != nil {
			t.Fatal(err)
		}
		if got := run(t, healthCheckOf(t, kind), object); got.Status != Progressing {
			t.Errorf("%s: %s, want %s", kind, got.Status, Progressing)
		}
	}
}

// What Argo CD's own test does with its customizations.
func TestArgoCDHealthTests(t *testing.T) {
	paths, err := filepath.Glob(customizations + "*/*/health_test.yaml")
	if err != nil || len(paths) != len(Kinds) {
		t.Fatalf("%d of %d kinds have a health_test.yaml (%v)", len(paths), len(Kinds), err)
	}
	for _, path := range paths {
		var list struct {
			Tests []struct {
				InputPath    string  `json:"inputPath"`
				HealthStatus verdict `json:"healthStatus"`
			} `json:"tests"`
		}
		readYAML(t, path, &list)
		if len(list.Tests) == 0 {
			t.Errorf("%s has no tests", path)
		}
		for _, test := range list.Tests {
			object := &unstructured.Unstructured{}
			readYAML(t, filepath.Join(filepath.Dir(path), test.InputPath), &object.Object)
			if got := run(t, healthCheckOf(t, object.GetKind()), object); got != test.HealthStatus {
				t.Errorf("%s, %s: %v, want %v", path, test.InputPath, got, test.HealthStatus)
			}
		}
	}
}

// The ConfigMap has the same scripts, under the keys that Argo CD reads.
func TestArgoCDConfigMap(t *testing.T) {
	var configMap struct {
		Data map[string]string `json:"data"`
	}
	readYAML(t, "../../config/argocd/argocd-cm.yaml", &configMap)
	if len(configMap.Data) != len(Kinds) {
		t.Errorf("%d keys, want one for each of %d kinds", len(configMap.Data), len(Kinds))
	}
	for _, kind := range Kinds {
		key := "resource.customizations.health." + v1alpha1.GroupVersion.Group + "_" + kind
		if strings.TrimSpace(configMap.Data[key]) != strings.TrimSpace(healthCheckOf(t, kind)) {
			t.Errorf("%s is not the script of %s", key, kind)
		}
	}
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}
