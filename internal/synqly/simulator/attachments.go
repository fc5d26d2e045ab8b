// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import "net/http"

// attachmentFile is a file with its content (schema Attachment).
type attachmentFile struct {
	FileName string `json:"file_name"`
	FileType string `json:"file_type"`
	Content  []byte `json:"content"` // base64 in JSON.
}

func (s *Server) createAttachment(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	var body struct {
		FileName string `json:"file_name"`
		Content  []byte `json:"content"`
	}
	if invalid := decodeInto(r.body, &body); invalid != nil {
		return nil, invalid
	}
	if blank := refuseBlank(namedText{"file_name", body.FileName}); blank != nil {
		return nil, blank
	}
	attachment := newAttachment(body.FileName, defaultCreator, body.Content)
	return object(*s.store.addAttachment(record, attachment, r.at)), nil
}

func newAttachment(fileName, creator string, content []byte) Attachment {
	if content == nil {
		content = []byte{}
	}
	return Attachment{
		FileName: fileName, FileType: http.DetectContentType(content), FileSize: len(content), Creator: creator, Content: content,
	}
}

func (s *Server) listAttachments(r *operationRequest) (*envelope, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	return listNumbered(s, r, values(record.attachments), func(attachment Attachment) string { return attachment.ID })
}

func (s *Server) downloadAttachment(r *operationRequest) (*envelope, *problem) {
	attachment, missing := s.attachment(r)
	if missing != nil {
		return nil, missing
	}
	return object(attachmentFile{FileName: attachment.FileName, FileType: attachment.FileType, Content: attachment.Content}), nil
}

func (s *Server) deleteAttachment(r *operationRequest) (*envelope, *problem) {
	attachment, missing := s.attachment(r)
	if missing != nil {
		return nil, missing
	}
	s.store.deleteAttachment(s.store.byID[attachment.TicketID], attachment.ID, r.at)
	return nil, nil
}

// attachment returns the attachment that the path names.
func (s *Server) attachment(r *operationRequest) (*Attachment, *problem) {
	record, missing := s.ticket(r)
	if missing != nil {
		return nil, missing
	}
	attachment := record.attachment(r.parameters["attachmentId"])
	if attachment == nil {
		return nil, notFound("attachment of this ticket", "attachmentId", r.parameters["attachmentId"])
	}
	return attachment, nil
}
