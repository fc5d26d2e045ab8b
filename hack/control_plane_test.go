// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fakeGo stands in for the go command: it makes empty programs and notes which. setup-envtest is
// built from the file $ENVTEST, and does not build without one.
const fakeGo = `#!/bin/sh
case $1 in
env) echo "$2" ;;
build)
	while [ $# -gt 1 ]; do
		[ "$1" != -o ] || program=$2
		shift
	done
	case $1 in
	*/setup-envtest) cp "$ENVTEST" "$program" ;;
	*) echo "$1" >>"$BUILT" && printf '#!/bin/sh\n' >"$program" ;;
	esac && chmod +x "$program"
	;;
esac
`

// fakeEnvtest stands in for setup-envtest: list says that there is an archive, and use "downloads"
// it.
const fakeEnvtest = `#!/bin/sh
if [ "$1" = list ]; then
	echo '(available)  v1.37.0'
else
	mkdir "$BUILT.archive" || exit 1 # It is downloaded once.
	for program in etcd kube-apiserver kubectl; do
		printf '#!/bin/sh\n' >"$BUILT.archive/$program" && chmod +x "$BUILT.archive/$program"
	done
	echo "$BUILT.archive"
fi
`

func TestTheProgramsThatAreWantedAreBuiltOnce(t *testing.T) {
	p := newControlPlaneProject(t, "")
	p.wantBuilt([]string{"etcd", "kube-apiserver"}, p.run("etcd", "kube-apiserver"))
	p.wantBuilt(nil, p.run("kube-apiserver"))
	p.wantBuilt([]string{"kubectl", "kube-controller-manager"}, p.run())
	p.wantBuilt(nil, p.run())
}

func TestAProgramThatIsGoneIsBuiltAgain(t *testing.T) {
	p := newControlPlaneProject(t, "")
	folder := p.run("etcd", "kube-apiserver")
	p.wantBuilt([]string{"etcd", "kube-apiserver"}, folder)
	if err := os.Remove(filepath.Join(folder, "etcd")); err != nil {
		t.Fatal(err)
	}
	p.wantBuilt([]string{"etcd"}, p.run("etcd", "kube-apiserver"))
}

func TestOtherVersionsOfTheModulesAreBuilt(t *testing.T) {
	p := newControlPlaneProject(t, "")
	p.wantBuilt([]string{"etcd", "kubectl"}, p.run("etcd", "kubectl"))
	p.write("hack/control-plane/go.sum", "of a new version of a dependency\n", 0o600)
	p.wantBuilt([]string{"etcd"}, p.run("etcd"))
	p.wantBuilt([]string{"kubectl"}, p.run("etcd", "kubectl"))
}

func TestEveryProgramOfADownloadIsKept(t *testing.T) {
	p := newControlPlaneProject(t, fakeEnvtest)
	p.wantBuilt(nil, p.run("etcd"))
	p.wantBuilt(nil, p.run("kube-apiserver", "kubectl"))
	p.wantBuilt([]string{"kube-controller-manager"}, p.run())
}

func TestTheCallersProgramsAreUsedWhereAllThatAreWantedAreThere(t *testing.T) {
	p := newControlPlaneProject(t, "")
	for _, program := range []string{"etcd", "kube-apiserver"} {
		p.write("given/"+program, "#!/bin/sh\n", 0o700)
	}
	given := filepath.Join(p.root, "given")
	p.environment = append(p.environment, "KUBEBUILDER_ASSETS="+given)
	if folder := p.run("etcd", "kube-apiserver"); folder != given {
		t.Errorf("the folder is %s, want %s", folder, given)
	}
	p.wantBuilt([]string{"etcd", "kubectl"}, p.run("etcd", "kubectl"))
}

func TestAnUnknownProgramIsRefused(t *testing.T) {
	p := newControlPlaneProject(t, "")
	var exit *exec.ExitError
	if output, err := p.command("etcd", "kube-scheduler").Output(); !errors.As(err, &exit) || exit.ExitCode() != 2 || len(output) > 0 {
		t.Errorf("control-plane.sh printed %q and returned %v, want nothing and exit code 2", output, err)
	}
}

// controlPlaneProject is a folder with control-plane.sh and what that needs.
type controlPlaneProject struct {
	*testing.T

	root        string
	built       string
	environment []string
}

// newControlPlaneProject makes a folder with the given script as setup-envtest; an empty one does
// not build.
func newControlPlaneProject(t *testing.T, envtest string) *controlPlaneProject {
	t.Helper()
	p := &controlPlaneProject{T: t, root: t.TempDir()}
	p.built = filepath.Join(p.root, "built")
	script, err := os.ReadFile("control-plane/control-plane.sh")
	if err != nil {
		t.Fatal(err)
	}
	p.write("hack/control-plane/control-plane.sh", string(script), 0o700)
	p.write("hack/control-plane/go.mod", "require (\n\tk8s.io/kubernetes v1.37.2\n)\n", 0o600)
	p.write("hack/control-plane/go.sum", "", 0o600)
	p.write("hack/tools/go.mod", "", 0o600)
	p.write("go", fakeGo, 0o700)
	p.environment = append(os.Environ(), "GO="+filepath.Join(p.root, "go"), "BUILT="+p.built, "KUBEBUILDER_ASSETS=", "ENVTEST=")
	if envtest != "" {
		p.write("setup-envtest", envtest, 0o700)
		p.environment = append(p.environment, "ENVTEST="+filepath.Join(p.root, "setup-envtest"))
	}
	return p
}

func (p *controlPlaneProject) write(name, content string, mode os.FileMode) {
	p.Helper()
	name = filepath.Join(p.root, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		p.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), mode); err != nil {
		p.Fatal(err)
	}
}

func (p *controlPlaneProject) command(programs ...string) *exec.Cmd {
	command := exec.CommandContext(p.Context(), filepath.Join(p.root, "hack/control-plane/control-plane.sh"), programs...)
	command.Env = p.environment
	command.Stderr = p.Output()
	return command
}

// run asks for the programs, and returns the folder after a look whether they are in it.
func (p *controlPlaneProject) run(programs ...string) string {
	p.Helper()
	if err := os.WriteFile(p.built, nil, 0o600); err != nil {
		p.Fatal(err)
	}
	output, err := p.command(programs...).Output()
	if err != nil {
		p.Fatalf("control-plane.sh %v: %v", programs, err)
	}
	folder := string(bytes.TrimSpace(output))
	if len(programs) == 0 {
		programs = []string{"etcd", "kube-apiserver", "kubectl", "kube-controller-manager"}
	}
	for _, program := range programs {
		if _, err := exec.LookPath(filepath.Join(folder, program)); err != nil {
			p.Errorf("the folder that is printed lacks a program: %v", err)
		}
	}
	return folder
}

// wantBuilt compares with the programs that the latest run has built into the folder.
func (p *controlPlaneProject) wantBuilt(want []string, folder string) {
	p.Helper()
	if expected := filepath.Join(p.root, "bin/k8s/1.37.2-GOHOSTOS-GOHOSTARCH"); folder != expected {
		p.Errorf("the folder is %s, want %s", folder, expected)
	}
	packages, err := os.ReadFile(p.built)
	if err != nil {
		p.Fatal(err)
	}
	var got []string
	for _, built := range strings.Fields(string(packages)) {
		got = append(got, strings.Replace(path.Base(built), "v3", "etcd", 1))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		p.Errorf("programs that were built (-want +got):\n%s", diff)
	}
}
