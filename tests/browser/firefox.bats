#!/usr/bin/env bats
# The report as people see it in Firefox: what depends on the browser, the rest
# is told of Chromium.  Pages with a fault are in BUILD/screens-firefox afterwards.

load site

setup_file() {
  site_start firefox screens-firefox
  browser prepare
}

teardown_file() {
  lighttpd_stop
}

@test "Firefox: every page on a telephone, light: without fault" {
  browser every_page 390-light
}

@test "Firefox: every page on a wide screen, dark: without fault" {
  browser every_page 1280-dark
}

@test "Firefox: between a telephone and a wide screen nothing sticks out" {
  browser widths
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

@test "Firefox: on paper: black on white, without what only a screen needs" {
  browser paper
}
