// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

func (s *Server) createComment(r *operationRequest) (*envelope, *problem) {
	record, missing := s.openTicket(r)
	if missing != nil {
		return nil, missing
	}
	var body struct {
		Content string  `json:"content"`
		Creator *string `json:"creator"`
	}
	if invalid := decodeInto(r.body, &body); invalid != nil {
		return nil, invalid
	}
	if blank := refuseBlank(namedText{"content", body.Content}); blank != nil {
		return nil, blank
	}
	creator := text(body.Creator)
	if creator == "" {
		if s.behaviour.RequireCreator {
			return nil, refuse(inBody("/creator", "creator is required by this ticketing provider").
				remedy("Set creator to the e-mail address of a user."))
		}
		creator = defaultCreator
	}
	comment := Comment{Creator: creator, Content: s.behaviour.rewriteText(body.Content)}
	added := s.store.addComment(record, comment, r.at)
	s.commentsChanged(record, r.at)
	return object(s.behaviour.shownComment(*added)), nil
}

func (s *Server) listComments(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	return listNumbered(s, r, s.behaviour.shownComments(values(record.comments)), func(comment Comment) string { return comment.ID })
}

func (s *Server) deleteComment(r *operationRequest) (*envelope, *problem) {
	record, missing := s.openTicket(r)
	if missing != nil {
		return nil, missing
	}
	if id := r.parameters["commentId"]; !record.deleteComment(id) {
		return nil, notFound("comment on this ticket", "commentId", id)
	}
	s.commentsChanged(record, r.at)
	return nil, nil
}
