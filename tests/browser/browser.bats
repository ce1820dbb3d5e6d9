#!/usr/bin/env bats
# The report as people see it in Chromium: every promise, and most of them as
# one function of report.mjs.  What it looked at is in BUILD/screens afterwards.

load site

setup_file() {
  site_start chromium
  browser picture
  browser prepare
}

teardown_file() {
  lighttpd_stop
}

@test "no page without a password, and none where the server asks for none" {
  browser login
}

# No message on the console, no violation of the policy, no request that
# fails, nothing that axe finds, nothing that sticks out at the side.
@test "every page on a wide screen, light: without fault" {
  browser every_page 1280-light
}

@test "every page on a wide screen, dark: without fault" {
  browser every_page 1280-dark
}

@test "every page on a telephone, light: without fault" {
  browser every_page 390-light
}

@test "every page on a telephone, dark: without fault" {
  browser every_page 390-dark
}

@test "between a telephone and a wide screen nothing sticks out" {
  browser widths
}

@test "no page is wider than a tablet, with whole numbers and long names" {
  browser tablet
}

@test "beside a short conversation nothing is left empty" {
  browser short_talk
}

@test "P8 every page is valid HTML without a script, and smaller than 100 kB" {
  browser every_document
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

@test "on paper: black on white, without what only a screen needs" {
  browser paper
}

@test "the overview has three pages at most, upright and across" {
  browser pages_of_paper
}
