#!/usr/bin/env bats
# What people do with the report in Chromium, and what they must not meet: each
# a function of report.mjs.  What it looked at is in BUILD/screens afterwards.

load site

setup_file() {
  site_start chromium screens
  browser picture
  browser prepare
}

teardown_file() {
  site_stop
}

@test "no page without a password, and none where the server asks for none" {
  browser login
}

@test "beside a short conversation nothing is left empty" {
  browser short_talk
}

@test "P8 every page is valid HTML without a script in every language, and small" {
  browser every_document
}

@test "whether two differ by more than chance is in sight, on a telephone too" {
  browser verdicts
}

@test "P8 what strangers send is shown as text" {
  browser hostile
}

@test "a number of a telephone is nowhere told in full" {
  browser masked
}

@test "the keyboard alone reaches everything, and shows where it is" {
  browser keyboard
}

@test "a filter is in the address, in the form, and in every link" {
  browser filters
}

@test "a period has a link, and its days are right" {
  browser presets
}

@test "a list goes on to its end and back to its beginning" {
  browser paging
}

@test "screen, CSV and NDJSON tell of the same calls" {
  browser exports
}

@test "every link leads somewhere" {
  browser links
}

@test "a link of each kind leads where it says" {
  browser follow
}

@test "what a browser saves is what was sent" {
  browser downloads
}

@test "the overview has three pages at most, upright and across" {
  browser pages_of_paper
}
