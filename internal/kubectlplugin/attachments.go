// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package kubectlplugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/synqly/ticketing-operator/internal/controller/connection"
	"github.com/synqly/ticketing-operator/internal/synqly"
)

// attachmentRow is what the subcommand attachments list shows of an attachment.
type attachmentRow struct {
	ID        string `json:"id"`
	FileName  string `json:"fileName"`
	FileType  string `json:"fileType,omitempty"`
	FileSize  int64  `json:"fileSize,omitempty"`
	Creator   string `json:"creator,omitempty"`
	CreatedAt string `json:"createdAt,omitempty"`
}

// attachmentSource names a remote ticket: by a Ticket, or by its ID and the Integration.
type attachmentSource struct {
	ticketID string
}

func (p *plugin) attachmentsCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "attachments",
		Short: "List and download the attachments of a remote ticket",
		Long: "List and download the attachments of a remote ticket, whoever has attached them. The provider is asked with the\n" +
			"token of the Integration, so you need the right to get its Secret.",
	}
	command.AddCommand(p.listAttachmentsCommand(), p.getAttachmentCommand())
	return command
}

func (p *plugin) listAttachmentsCommand() *cobra.Command {
	var (
		output outputFlag
		source attachmentSource
	)
	command := &cobra.Command{
		Use:               "list [TICKET]",
		Short:             "List the attachments of a remote ticket",
		Example:           "  kubectl ticketing attachments list checkout-latency\n  kubectl ticketing attachments list --ticket-id 10023 --integration jira",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: p.completeOne([]kind{ticketKind}),
		RunE: func(command *cobra.Command, arguments []string) error {
			if err := output.check(); err != nil {
				return err
			}
			remote, id, err := p.attachmentsOf(command.Context(), &source, arguments)
			if err != nil {
				return err
			}
			listed, err := listAttachments(command.Context(), remote, id)
			if err != nil {
				return err
			}
			if output.isData() {
				return output.printData(p.Out, listed)
			}
			rows := make([][]string, len(listed))
			for i, each := range listed {
				rows[i] = []string{
					each.ID, output.cell(each.FileName), orDash(output.cell(each.FileType)), strconv.FormatInt(each.FileSize, 10),
					orDash(output.cell(each.Creator)), orDash(each.CreatedAt),
				}
			}
			return printTable(p.Out, []string{"ID", "FILE", "TYPE", "BYTES", "CREATOR", "CREATED"}, rows)
		},
	}
	output.addTo(command, formatWide, formatJSON, formatYAML)
	p.addAttachmentFlags(command, &source)
	return command
}

func (p *plugin) getAttachmentCommand() *cobra.Command {
	var (
		source    attachmentSource
		to        string
		overwrite bool
	)
	command := &cobra.Command{
		Use:   "get [TICKET] ATTACHMENT",
		Short: "Download an attachment",
		Long: "Download an attachment, which is named by its ID or, where only one has it, by the name of its file. The file is\n" +
			"written into the current folder under that name.",
		Example: "  kubectl ticketing attachments get checkout-latency heap.txt\n" +
			"  kubectl ticketing attachments get checkout-latency 30001 --to - | less",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: p.completeOne([]kind{ticketKind}),
		RunE: func(command *cobra.Command, arguments []string) error {
			last := len(arguments) - 1
			remote, id, err := p.attachmentsOf(command.Context(), &source, arguments[:last])
			if err != nil {
				return err
			}
			return p.download(command.Context(), remote, id, arguments[last], to, overwrite)
		},
	}
	command.Flags().StringVar(&to, "to", "", "File or folder to write to; - for the standard output")
	command.Flags().BoolVar(&overwrite, "overwrite", false, "Overwrite a file that exists")
	p.addAttachmentFlags(command, &source)
	return command
}

func (p *plugin) addAttachmentFlags(command *cobra.Command, source *attachmentSource) {
	command.Flags().StringVar(&source.ticketID, "ticket-id", "", "ID of a remote ticket, instead of TICKET; its Integration is the one of --integration")
	p.addRemoteFlags(command)
	mustRegister(command, "ticket-id", cobra.NoFileCompletions)
}

// attachmentsOf is a client of the provider of a remote ticket, and the ID of that.
func (p *plugin) attachmentsOf(ctx context.Context, source *attachmentSource, arguments []string) (*synqly.Client, string, error) {
	cluster, namespace, _, err := p.cluster()
	if err != nil {
		return nil, "", err
	}
	switch {
	case (source.ticketID == "") == (len(arguments) == 0):
		return nil, "", errors.New("name a Ticket, or a remote ticket with --ticket-id, and not both")
	case source.ticketID != "":
		remote, _, err := p.provider(ctx, cluster, namespace)
		return remote, source.ticketID, err
	}
	ticket, err := getTicket(ctx, cluster, namespace, arguments[0])
	if err != nil {
		return nil, "", err
	}
	if ticket.Status.ID == "" {
		return nil, "", fmt.Errorf("the Ticket %q has no remote ticket yet: kubectl ticketing explain %s tells why", ticket.Name, ticket.Name)
	}
	remote, err := p.providerOf(ctx, cluster, connection.NameOf(ticket.Namespace, ticket.Status.Integration))
	return remote, ticket.Status.ID, err
}

func listAttachments(ctx context.Context, remote *synqly.Client, ticketID string) ([]attachmentRow, error) {
	listed, err := collect(remote.ListAttachments(ctx, ticketID))
	if err != nil {
		return nil, describeRemoteError(err, "listing the attachments of the remote ticket "+oneLine(ticketID))
	}
	rows := make([]attachmentRow, len(listed))
	for i, each := range listed {
		rows[i] = attachmentRow{
			ID: each.ID, FileName: each.FileName, FileType: each.FileType, FileSize: each.FileSize, Creator: each.Creator, CreatedAt: each.CreatedDate.Raw,
		}
	}
	return rows, nil
}

func (p *plugin) download(ctx context.Context, remote *synqly.Client, ticketID, wanted, to string, overwrite bool) error {
	listed, err := listAttachments(ctx, remote, ticketID)
	if err != nil {
		return err
	}
	found, err := findAttachment(listed, wanted)
	if err != nil {
		return err
	}
	// Before the download, which may be large.
	path := targetOf(found.FileName, to)
	if _, err := os.Lstat(path); to != "-" && err == nil && !overwrite {
		return fmt.Errorf("%s exists already: use --overwrite, or --to with another name", path)
	}
	attachment, err := remote.DownloadAttachment(ctx, ticketID, found.ID)
	switch {
	case synqly.IsTooLarge(err):
		return fmt.Errorf("%s is larger than the 12 MiB that can be downloaded: %w", oneLine(found.FileName), err)
	case err != nil:
		return describeRemoteError(err, "downloading "+oneLine(found.FileName))
	case to == "-":
		_, err := p.Out.Write(attachment.Content)
		return err
	}
	if err := writeDownload(path, attachment.Content, overwrite); err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.Out, "%s (%d bytes)\n", path, len(attachment.Content))
	return err
}

// findAttachment finds the one of an ID, or else the only one of a file name.
func findAttachment(listed []attachmentRow, wanted string) (attachmentRow, error) {
	var named []attachmentRow
	for _, each := range listed {
		switch wanted {
		case each.ID:
			return each, nil
		case each.FileName:
			named = append(named, each)
		}
	}
	switch len(named) {
	case 0:
		return attachmentRow{}, fmt.Errorf("the remote ticket has no attachment %q: kubectl ticketing attachments list shows those that it has", wanted)
	case 1:
		return named[0], nil
	}
	return attachmentRow{}, fmt.Errorf("%d attachments have the name %q: use the ID of one of them", len(named), wanted)
}

// targetOf is the path that an attachment is written to.
func targetOf(fileName, to string) string {
	if to == "" {
		return localName(fileName)
	}
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return filepath.Join(to, localName(fileName))
	}
	return to
}

// localName makes a file name of one that a stranger has chosen: without a folder, without
// characters that a terminal obeys, and no hidden file.
func localName(name string) string {
	const longest = 200 // Bytes; file systems take 255.
	name = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '/' || r == '\\' || r == ':' || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, name)
	name = strings.TrimLeft(name, ".- ")
	if extension := filepath.Ext(name); len(name) > longest && len(extension) < longest/2 {
		name = strings.ToValidUTF8(name[:longest-len(extension)], "") + extension
	}
	name = strings.ToValidUTF8(name[:min(len(name), longest)], "")
	if name == "" {
		return "attachment"
	}
	return name
}

// writeDownload writes a file, through no link that somebody has put there.
func writeDownload(path string, content []byte, overwrite bool) error {
	if overwrite {
		if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("overwriting a file: %w", err)
		}
	}
	return writeNewFile(path, content)
}
