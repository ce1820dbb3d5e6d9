#!/usr/bin/env bats
# The report as people see it in WebKit: what depends on the browser, the rest
# is told of Chromium.  Pages with a fault are in BUILD/screens-webkit afterwards.

load site

setup_file() {
  site_start webkit screens-webkit
  browser prepare
}

teardown_file() {
  lighttpd_stop
}

@test "WebKit: every page on a telephone, light: without fault" {
  browser every_page 390-light
}

@test "WebKit: every page on a wide screen, dark: without fault" {
  browser every_page 1280-dark
}

@test "WebKit: between a telephone and a wide screen nothing sticks out" {
  browser widths
}

@test "WebKit: the keyboard alone reaches everything, and shows where it is" {
  browser keyboard
}

@test "WebKit: a filter is in the address, in the form, and in every link" {
  browser filters
}

@test "WebKit: a link of each kind leads where it says" {
  browser follow
}

@test "WebKit: what it saves is what was sent" {
  browser downloads
}

@test "WebKit: on paper: black on white, without what only a screen needs" {
  browser paper
}
