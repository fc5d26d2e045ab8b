// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/synqly/ticketing-operator/internal/controller/status"
)

// The formats of the flag --output. Without one, a subcommand prints a table.
const (
	formatWide = "wide"
	formatJSON = "json"
	formatYAML = "yaml"
)

// outputFlag is the flag --output of a subcommand.
type outputFlag struct {
	format  string
	formats []string
}

// addTo adds the flag to a command. The formats are those that the command knows.
func (f *outputFlag) addTo(command *cobra.Command, formats ...string) {
	f.formats = formats
	command.Flags().StringVarP(&f.format, "output", "o", "", "Output format: "+strings.Join(formats, ", "))
	mustRegister(command, "output", cobra.FixedCompletions(formats, cobra.ShellCompDirectiveNoFileComp))
}

func (f *outputFlag) check() error {
	if f.format != "" && !slices.Contains(f.formats, f.format) {
		return fmt.Errorf("the output format %q is not known: use one of %s", f.format, strings.Join(f.formats, ", "))
	}
	return nil
}

// isData reports whether the output is for programs.
func (f *outputFlag) isData() bool { return f.format == formatJSON || f.format == formatYAML }

// printData writes a value as JSON or YAML.
func (f *outputFlag) printData(out io.Writer, value any) error {
	encoded, err := json.MarshalIndent(value, "", "    ")
	if err != nil {
		return fmt.Errorf("encoding the output: %w", err)
	}
	if f.format == formatYAML {
		if encoded, err = yaml.JSONToYAML(encoded); err != nil {
			return fmt.Errorf("encoding the output: %w", err)
		}
	}
	_, err = out.Write(append(bytes.TrimRight(encoded, "\n"), '\n'))
	return err
}

// printTable writes rows under their headers, in columns.
func printTable(out io.Writer, headers []string, rows [][]string) error {
	var table bytes.Buffer
	writer := printers.GetNewTabWriter(&table)
	for _, row := range append([][]string{headers}, rows...) {
		cells := make([]string, len(row))
		for i, cell := range row {
			indent := len(cell) - len(strings.TrimLeft(cell, " "))
			cells[i] = cell[:indent] + oneLine(cell)
		}
		if _, err := fmt.Fprintln(writer, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	if err := writer.Flush(); err != nil {
		return err
	}
	// The writer pads what ends a line too.
	_, err := out.Write(trailingSpace.ReplaceAll(table.Bytes(), nil))
	return err
}

var trailingSpace = regexp.MustCompile(`(?m) +$`)

// oneLine makes a text of the provider fit for a line on a terminal, which must not take any of it
// for a command.
func oneLine(text string) string {
	return status.Truncate(strings.Join(strings.Fields(text), " "), longestText)
}

const (
	// longestText is how many characters of any text are shown: more than a condition can have.
	longestText = 65536
	// longestCell is how many of them a table shows, where it is not to be wide.
	longestCell = 80
)

func (f *outputFlag) cell(text string) string {
	if f.format == formatWide {
		return text
	}
	return status.Truncate(strings.Join(strings.Fields(text), " "), longestCell)
}

// age is how long ago something was, as kubectl shows it.
func age(now, then time.Time) string {
	if then.IsZero() {
		return "<unknown>"
	}
	return duration.HumanDuration(now.Sub(then))
}
