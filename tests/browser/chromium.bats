#!/usr/bin/env bats
# Each page of the report in Chromium at every width, light and dark.  Pages
# with a fault are in BUILD/screens-chromium afterwards.

load site

setup_file() {
  site_start chromium screens-chromium
  browser prepare
}

teardown_file() {
  lighttpd_stop
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
