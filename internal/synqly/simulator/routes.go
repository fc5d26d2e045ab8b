// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"errors"

	"github.com/synqly/ticketing-operator/internal/synqly/contract"
)

// executors carry the operations of the API out. Which path and method an operation has, and what
// it takes, is in the contract's OpenAPI document.
var executors = map[string]func(*Server, *operationRequest) (*envelope, *problem){
	contract.ListRemoteFields:   (*Server).listRemoteFields,
	contract.ListProjects:       (*Server).listProjects,
	contract.QueryTickets:       (*Server).queryTickets,
	contract.CreateTicket:       (*Server).createTicket,
	contract.GetTicket:          (*Server).getTicket,
	contract.PatchTicket:        (*Server).patchTicket,
	contract.CreateAttachment:   (*Server).createAttachment,
	contract.ListAttachments:    (*Server).listAttachments,
	contract.DownloadAttachment: (*Server).downloadAttachment,
	contract.DeleteAttachment:   (*Server).deleteAttachment,
	contract.ListComments:       (*Server).listComments,
	contract.CreateComment:      (*Server).createComment,
	contract.DeleteComment:      (*Server).deleteComment,
	contract.CreateNote:         (*Server).createNote,
	contract.ListNotes:          (*Server).listNotes,
	contract.DeleteNote:         (*Server).deleteNote,
	contract.PatchNote:          (*Server).patchNote,
}

// OperationNames returns the names of the operations, as faults and the request log have them.
func OperationNames() []string {
	var names []string
	for _, operation := range contract.Operations() {
		names = append(names, operation.Name)
	}
	return names
}

func isOperation(name string) bool {
	_, found := contract.Lookup(name)
	return found
}

// route finds the operation of an escaped path, with the unescaped values of its parameters.
func route(method, path string) (contract.Operation, map[string]string, *problem) {
	operation, parameters, err := contract.Route(method, path)
	var missing *contract.RouteError
	switch {
	case err == nil:
		return operation, parameters, nil
	case errors.As(err, &missing) && len(missing.Allowed) > 0:
		return contract.Operation{}, nil, wrongMethod(method, path, missing.Allowed)
	default:
		return contract.Operation{}, nil, noSuchRoute(path)
	}
}
