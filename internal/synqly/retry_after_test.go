// Copyright The Synqly Ticketing Operator Authors.
// SPDX-License-Identifier: Apache-2.0

package synqly

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	date := func(offset time.Duration) string { return now.Add(offset).Format(http.TimeFormat) }
	resetIn9Seconds := strconv.FormatInt(now.Add(9*time.Second).Unix(), 10)
	const none = time.Duration(0)
	cases := map[string]struct {
		status int
		header map[string]string
		want   time.Duration
	}{
		"nothing":                       {429, nil, none},
		"seconds":                       {429, map[string]string{"Retry-After": "5"}, 5 * time.Second},
		"seconds with spaces":           {429, map[string]string{"Retry-After": " 5 "}, 5 * time.Second},
		"seconds of a 503":              {503, map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"seconds of a 500":              {500, map[string]string{"Retry-After": "7"}, 7 * time.Second},
		"no seconds":                    {429, map[string]string{"Retry-After": "0"}, none},
		"negative":                      {429, map[string]string{"Retry-After": "-5"}, none},
		"a day":                         {429, map[string]string{"Retry-After": "86400"}, time.Hour},
		"more than a duration holds":    {429, map[string]string{"Retry-After": "9223372036854775807"}, time.Hour},
		"more than an int64 holds":      {429, map[string]string{"Retry-After": "99999999999999999999"}, time.Hour},
		"less than an int64 holds":      {429, map[string]string{"Retry-After": "-99999999999999999999"}, none},
		"words":                         {429, map[string]string{"Retry-After": "soon"}, none},
		"a fraction":                    {429, map[string]string{"Retry-After": "1.5"}, none},
		"a date":                        {429, map[string]string{"Date": date(0), "Retry-After": date(time.Minute)}, time.Minute},
		"a date by the server's clock":  {429, map[string]string{"Date": date(time.Hour), "Retry-After": date(time.Hour + time.Minute)}, time.Minute},
		"a date by our clock":           {429, map[string]string{"Date": "today", "Retry-After": date(time.Minute)}, time.Minute},
		"a past date":                   {429, map[string]string{"Date": date(0), "Retry-After": date(-time.Minute)}, none},
		"a far date":                    {429, map[string]string{"Date": date(0), "Retry-After": "Fri, 31 Dec 9999 23:59:59 GMT"}, time.Hour},
		"a reset":                       {429, map[string]string{"Date": date(0), "X-RateLimit-Reset": resetIn9Seconds}, 9 * time.Second},
		"a reset by our clock":          {429, map[string]string{"Date": "today", "X-RateLimit-Reset": resetIn9Seconds}, 9 * time.Second},
		"a reset of a 503":              {503, map[string]string{"Date": date(0), "X-RateLimit-Reset": resetIn9Seconds}, none},
		"a past reset":                  {429, map[string]string{"Date": date(0), "X-RateLimit-Reset": "1"}, none},
		"a far reset":                   {429, map[string]string{"Date": date(0), "X-RateLimit-Reset": "9223372036854775807"}, time.Hour},
		"a reset before all time":       {429, map[string]string{"Date": date(0), "X-RateLimit-Reset": "-9223372036854775808"}, none},
		"a reset that is no number":     {429, map[string]string{"X-RateLimit-Reset": "soon"}, none},
		"the first of two":              {429, map[string]string{"Retry-After": "3", "X-RateLimit-Reset": resetIn9Seconds}, 3 * time.Second},
		"the second, the first broken":  {429, map[string]string{"Date": date(0), "Retry-After": "soon", "X-RateLimit-Reset": resetIn9Seconds}, 9 * time.Second},
		"a reset that came with a 400":  {400, map[string]string{"X-RateLimit-Reset": resetIn9Seconds}, none},
		"a reset that came with a 500":  {500, map[string]string{"X-RateLimit-Reset": resetIn9Seconds}, none},
		"seconds that came with a 400":  {400, map[string]string{"Retry-After": "5"}, 5 * time.Second},
		"seconds after a long deadline": {403, map[string]string{"Retry-After": "3600"}, time.Hour},
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			_, client := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
				for header, value := range test.header {
					w.Header().Set(header, value)
				}
				w.WriteHeader(test.status)
			})
			_, err := client.GetTicket(t.Context(), "1")
			var answer *APIError
			if !errors.As(err, &answer) {
				t.Fatal(err)
			}
			if answer.RetryAfter != test.want || RetryAfterOf(err) != test.want {
				t.Errorf("RetryAfter = %v and %v, want %v", answer.RetryAfter, RetryAfterOf(err), test.want)
			}
		})
	}
}
