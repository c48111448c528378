#!/bin/sh
# Stands in for the programs of Kubernetes' test image agnhost that its conformance tests run in containers: same
# arguments, same words, as far as they are asked for. Source of the words: kubernetes test/images/agnhost (v1.32).

forever() {
  trap 'exit 0' TERM INT
  while :; do
    sleep 3600 &
    wait $!
  done
}

# -rw-r--r-- of a path: links are followed, and sticky bits are told by their own letter in Go.
mode_of() { stat -L -c %A "$1"; }

mounttest() {
  for flag in "$@"; do
    value=${flag#*=}
    case $flag in
      --fs_type=*) [ "$(stat -f -L -c %T "$value")" = tmpfs ] && echo "mount type of \"$value\": tmpfs" ;;
      --file_mode=*) echo "mode of file \"$value\": $(mode_of "$value")" ;;
      --file_perm=*) mode=$(mode_of "$value") && echo "perms of file \"$value\": -$(echo "${mode#?}" | tr tsTS xx--)" ;;
      --file_owner=*) echo "owner UID of \"$value\": $(stat -L -c %u "$value")" && echo "owner GID of \"$value\": $(stat -L -c %g "$value")" ;;
      --file_content=*) echo "content of file \"$value\": $(cat "$value")" ;;
      --new_file_[0-9]*=*)
        mode=${flag#--new_file_}
        (umask 0 && echo 'mount-tester new file' >"$value" && chmod "${mode%%=*}" "$value")
        ;;
      --break_on_expected_content=* | --retry_time=*) ;;
      --file_content_in_loop=*)
        trap 'exit 0' TERM INT
        while :; do
          if [ -e "$value" ]; then echo "content of file \"$value\": $(cat "$value")"; else echo "Error reading file $value: open $value: no such file or directory"; fi
          sleep 0.2
        done
        ;;
      *) echo "no such flag: $flag" && exit 2 ;;
    esac
  done
}

# An HTTP server whose pages are scripts below /www: PORT.
serve() {
  trap 'exit 0' TERM INT
  httpd -f -p "$1" -h /www &
  wait $!
}

case ${1:-} in
  entrypoint-tester) echo "[$0 $*]" ;;
  pause)
    echo Paused
    forever
    ;;
  mounttest)
    shift
    mounttest "$@"
    ;;
  test-webserver) serve 80 ;;
  netexec) serve "${2:-8080}" ;;
  # Healthy for so many seconds, and never again: SECONDS PORT.
  liveness)
    (
      sleep "$2"
      rm /www/healthz
    ) &
    serve "$3"
    ;;
  dns-suffix) sed -n 's/^search //p' /etc/resolv.conf | tr ' ' , ;;
  dns-server-list) sed -n 's/^nameserver //p' /etc/resolv.conf ;;
  # The health service of gRPC, for one fixed answer: settings, their acknowledgement, headers, SERVING, and grpc-status 0.
  grpc-health-checking)
    trap 'exit 0' TERM INT
    nc -ll -p 5000 -e /agnhost grpc-answer &
    wait $!
    ;;
  grpc-answer)
    head -c 100 >/dev/null
    printf '\000\000\000\004\000\000\000\000\000'
    printf '\000\000\000\004\001\000\000\000\000'
    printf '\000\000\024\001\004\000\000\000\001\210\017\020\020application/grpc'
    printf '\000\000\007\000\000\000\000\000\001\000\000\000\000\002\010\001'
    printf '\000\000\017\001\005\000\000\000\001\000\013grpc-status\0010'
    ;;
  *) echo "no such program: $1" && exit 2 ;;
esac
