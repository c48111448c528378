#!/bin/sh
# Runs once.
echo "ready"

exit 0
