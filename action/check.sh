#!/usr/bin/env bash
# Installs backend-lint as it lies beside this script and checks the working directory. The verdict goes into the step's outputs, so that the reports are
# uploaded before the job fails. Wants ARGUMENTS, EXTRAS, BASE (the target branch of a pull request, or empty), ACTION, RUNNER_TEMP, GITHUB_OUTPUT.
set -uo pipefail

if [ "${SKIP_INSTALL:-}" != 1 ]; then
    # -I: a pip.py of the checked repository, which is the working directory, is not what runs
    python -I -m pip install --quiet --disable-pip-version-check "${ACTION}${EXTRAS:+[$EXTRAS]}" || exit 2
fi

# words of the input, on however many lines, and no more than words: nothing in them is expanded or run
read -r -d "" -a arguments <<<"${ARGUMENTS:-}"
if [ -n "${BASE:-}" ] && [[ " ${arguments[*]-} " != *" --diff-base"* ]]; then
    # a change cannot weaken what judges it: configuration and baseline are read from the base
    arguments+=(--diff-base "origin/$BASE" --config-from "origin/$BASE")
fi

sarif="$RUNNER_TEMP/backend-lint.sarif"
comment="$RUNNER_TEMP/backend-lint.md"
rm -f "$sarif" "$comment"
backend-lint check "${arguments[@]}" --output github=- --output "sarif=$sarif" --output "markdown=$comment"
code=$?

{
    echo "exit-code=$code"
    [ -f "$sarif" ] && echo "sarif-file=$sarif"
    [ -f "$comment" ] && echo "comment-file=$comment"
} >>"$GITHUB_OUTPUT"
exit 0
