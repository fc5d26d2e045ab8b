// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package providermetadata

// SameProject reports whether two texts name the same project, by its ID, its name, or what else
// the provider tells of it. known is false where that cannot be said, because the provider does not
// list one of them, or several projects have it.
func (m *Metadata) SameProject(one, other string) (same, known bool) {
	if fold(one) == fold(other) {
		return true, true
	}
	if m == nil || m.projects == nil {
		return false, false
	}
	first, _, isFirst := m.projects.find(one)
	second, _, isSecond := m.projects.find(other)
	return first == second && isFirst && isSecond, isFirst && isSecond
}
