#!/usr/bin/env bats
# Each page of the report in Chromium in every language, at every width, light
# and dark, and on paper.  Pages with a fault are in BUILD/screens-chromium
# afterwards.

load site

setup_file() {
  site_start chromium screens-chromium
  browser prepare
}

teardown_file() {
  site_stop
}

# No message on the console, no violation of the policy, no request that
# fails, nothing that axe finds, from a telephone to a wide screen nothing that
# sticks out at the side.  English has every page, and on paper; the others one
# of each sort.
@test "every page in English: without fault, on paper black on white" {
  browser every_page en
}

@test "a page of each sort in German: without fault" {
  browser every_page de
}

@test "a page of each sort in Spanish: without fault" {
  browser every_page es
}

@test "a page of each sort in Hindi: without fault" {
  browser every_page hi
}

@test "a page of each sort in Japanese: without fault" {
  browser every_page ja
}

@test "no page is wider than a tablet, with whole numbers and long names" {
  browser tablet
}
