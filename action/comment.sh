#!/usr/bin/env bash
# Writes BODY as the one comment of backend-lint on pull request NUMBER of REPOSITORY, in place of the one that is there. Needs `gh` with GH_TOKEN.
set -euo pipefail

case "$NUMBER" in
    '' | *[!0-9]*) echo "backend-lint: no pull request to comment on" >&2; exit 0 ;;
esac

# the marker is the report's first line; only a bot's comment is ever replaced, whatever somebody else writes
marker='<!-- backend-lint -->'
there=$(gh api --paginate "repos/$REPOSITORY/issues/$NUMBER/comments" \
    --jq ".[] | select(.user.type == \"Bot\" and (.body | startswith(\"$marker\"))) | .id" | head -n 1)

if [ -n "$there" ]; then
    gh api --silent --method PATCH "repos/$REPOSITORY/issues/comments/$there" -F "body=@$BODY"
else
    gh api --silent --method POST "repos/$REPOSITORY/issues/$NUMBER/comments" -F "body=@$BODY"
fi
