#!/usr/bin/env bats
# The report as people see it in Firefox: what depends on the browser, the rest
# is told of Chromium.  Pages with a fault are in BUILD/screens-firefox afterwards.

load site

setup_file() {
  site_start firefox screens-firefox
  browser prepare
}

teardown_file() {
  site_stop
}

# As in Chromium: each sort of page, one after the other in each language, light
# and dark, from a telephone to a wide screen.
@test "Firefox: every page, in all languages: without fault, on paper black on white" {
  browser all_languages
}

@test "Firefox: the keyboard alone reaches everything, and shows where it is" {
  browser keyboard
}

@test "Firefox: a filter is in the address, in the form, and in every link" {
  browser filters
}

@test "Firefox: a link of each kind leads where it says" {
  browser follow
}

@test "Firefox: what it saves is what was sent" {
  browser downloads
}
