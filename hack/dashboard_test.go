// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package hack_test

import (
	"encoding/json"
	"os"
	"testing"
)

// dashboardPanel is what Grafana needs of a panel.
type dashboardPanel struct {
	ID         int                  `json:"id"`
	Type       string               `json:"type"`
	Title      string               `json:"title"`
	Datasource *dashboardDatasource `json:"datasource"`
	GridPos    struct {
		X, Y, W, H int
	} `json:"gridPos"`
	Targets []struct {
		RefID      string               `json:"refId"`
		Datasource *dashboardDatasource `json:"datasource"`
	} `json:"targets"`
}

type dashboardDatasource struct {
	Type string `json:"type"`
	UID  string `json:"uid"`
}

// chosen is the data source that who looks at the dashboard has chosen.
var chosen = dashboardDatasource{Type: "prometheus", UID: "${datasource}"}

// Grafana shows the second of two panels with one ID as the first, and moves panels that overlap.
func TestTheDashboardFitsAnyGrafana(t *testing.T) {
	content, err := os.ReadFile("../config/components/grafana/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var dashboard struct {
		Panels []dashboardPanel `json:"panels"`
	}
	if err := json.Unmarshal(content, &dashboard); err != nil {
		t.Fatal(err)
	}
	const columns = 24
	ids, taken := map[int]string{}, map[[2]int]string{}
	for _, panel := range dashboard.Panels {
		if panel.Title == "" {
			t.Errorf("the panel %d has no title", panel.ID)
		}
		if other, found := ids[panel.ID]; found {
			t.Errorf("%q and %q have the same ID", other, panel.Title)
		}
		ids[panel.ID] = panel.Title
		if panel.GridPos.X+panel.GridPos.W > columns {
			t.Errorf("%q is wider than the page", panel.Title)
		}
		for x := panel.GridPos.X; x < panel.GridPos.X+panel.GridPos.W; x++ {
			for y := panel.GridPos.Y; y < panel.GridPos.Y+panel.GridPos.H; y++ {
				if other, found := taken[[2]int{x, y}]; found {
					t.Fatalf("%q and %q overlap", other, panel.Title)
				}
				taken[[2]int{x, y}] = panel.Title
			}
		}
		if panel.Type == "row" {
			continue
		}
		if len(panel.Targets) == 0 || panel.Datasource == nil || *panel.Datasource != chosen {
			t.Errorf("%q asks %v with %d queries", panel.Title, panel.Datasource, len(panel.Targets))
		}
		for _, target := range panel.Targets {
			if target.Datasource == nil || *target.Datasource != chosen {
				t.Errorf("the query %s of %q asks %v", target.RefID, panel.Title, target.Datasource)
			}
		}
	}
	if len(ids) == 0 {
		t.Error("there are no panels")
	}
}
