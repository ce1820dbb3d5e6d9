# shellcheck shell=bash
# wait.bash - wait for what a test needs, and no longer.

NEVER=99 # status of a command that says that it never will succeed

# wait_for COMMAND... - until it succeeds, five minutes at most: a machine may
# be slow, and only a failure waits so long.
wait_for() {
  local rc until=$((EPOCHSECONDS + 300))
  while ((EPOCHSECONDS < until)); do
    rc=0
    "$@" || rc=$?
    case $rc in 0) return 0 ;; "$NEVER") return 1 ;; esac
    sleep 0.02
  done
  return 1
}
