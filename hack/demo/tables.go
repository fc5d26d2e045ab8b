// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"strings"
	"text/tabwriter"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
)

// printObjects prints the tables that `kubectl get ticketing --output=wide` prints: one for each
// kind that has objects.
func (c *cluster) printObjects(ctx context.Context, out io.Writer) error {
	printed := 0
	for _, crd := range c.crds {
		table, err := c.fetchTable(ctx, crd)
		if err != nil {
			return err
		}
		if len(table.Rows) == 0 {
			continue
		}
		if printed > 0 {
			if _, err := fmt.Fprintln(out); err != nil {
				return err
			}
		}
		printed++
		if err := printTable(out, crd.Spec.Names.Singular+"."+crd.Spec.Group+"/", table); err != nil {
			return fmt.Errorf("printing %s: %w", crd.Name, err)
		}
	}
	return nil
}

// fetchTable asks the API server for the objects of a kind as the table that kubectl get prints.
func (c *cluster) fetchTable(ctx context.Context, crd *apiextensionsv1.CustomResourceDefinition) (*metav1.Table, error) {
	discoveryClient, err := discovery.NewDiscoveryClientForConfig(c.config)
	if err != nil {
		return nil, fmt.Errorf("making a client of the API server: %w", err)
	}
	folder := ""
	if crd.Spec.Scope == apiextensionsv1.NamespaceScoped {
		folder = "namespaces/" + objectNamespace
	}
	answer, err := discoveryClient.RESTClient().Get().
		AbsPath(path.Join("/apis", crd.Spec.Group, servedVersion(crd), folder, crd.Spec.Names.Plural)).
		SetHeader("Accept", "application/json;as=Table;g="+metav1.GroupName+";v="+metav1.SchemeGroupVersion.Version).
		Do(ctx).Raw()
	if err != nil {
		return nil, fmt.Errorf("asking for the table of %s: %w", crd.Name, err)
	}
	table := &metav1.Table{}
	decoder := json.NewDecoder(bytes.NewReader(answer))
	decoder.UseNumber() // Large numbers are shown as they are.
	if err := decoder.Decode(table); err != nil {
		return nil, fmt.Errorf("reading the table of %s: %w", crd.Name, err)
	}
	return table, nil
}

// printTable prints every column of a table, with a prefix before the first one, the name.
func printTable(out io.Writer, prefix string, table *metav1.Table) error {
	// A tabwriter keeps the first error and returns it from Flush.
	writer := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	var titles []string
	for _, column := range table.ColumnDefinitions {
		titles = append(titles, strings.ToUpper(column.Name))
	}
	_, _ = fmt.Fprintln(writer, strings.Join(titles, "\t"))
	for _, row := range table.Rows {
		var cells []string
		for _, cell := range row.Cells {
			cells = append(cells, cellText(cell))
		}
		_, _ = fmt.Fprintln(writer, prefix+strings.Join(cells, "\t"))
	}
	return writer.Flush()
}

// cellText makes one line of a cell.
func cellText(cell any) string {
	if cell == nil {
		return ""
	}
	return strings.Join(strings.Fields(fmt.Sprint(cell)), " ")
}
