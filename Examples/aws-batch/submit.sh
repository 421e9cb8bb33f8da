#!/bin/sh
# Runs a job on AWS Batch: plans here, one child of an array job for each shard, and a last job that merges.
#     ./submit.sh contracts.yaml 500 s3://results/contracts
#
# Change in job-definition.json: the image, the job's role, the cores, the memory (in MiB; at least the config's
# `limits.memory` and 64 more). Register it once, and after each change:
#     aws batch register-job-definition --cli-input-json file://job-definition.json
#
# A machine that was reclaimed, a worker that was stopped (4) or died by a signal: tried again, ten times in all.
# 1 and 3: the child has failed; the others go on, but the merge does not begin. 2: the shard is done, so the child
# succeeds, and the merge tells how many objects failed.
set -eu
queue=${QUEUE:-dredge}           # change: the job queue
definition=${DEFINITION:-dredge} # the name in job-definition.json
limit=${ARRAY_LIMIT:-10000}      # children of one array, at most

plan=$(dredge plan "$1" --shards "$2" --results "$3" --json)
job=$(echo "$plan" | sed 's/.*"job": *"\([^"]*\)".*/\1/')
shards=$(echo "$plan" | sed 's/.*"shard_count": *\([0-9]*\).*/\1/')
echo "$job"
[ "$shards" -ge 2 ] || { echo "an array has two children or more" >&2; exit 1; }

# As many arrays as it takes, of nearly equal sizes; 20 at most, because the merge depends on all of them.
arrays=$(((shards + limit - 1) / limit))
number=0 offset=0
set --
while [ "$number" -lt "$arrays" ]; do
    size=$(((shards - offset) / (arrays - number)))
    id=$(aws batch submit-job --job-name "dredge-$number" --job-queue "$queue" --job-definition "$definition" \
        --array-properties "size=$size" --parameters "job=$job,offset=$offset" --query jobId --output text)
    echo "$id: shards $offset to $((offset + size - 1))"
    set -- "$@" "jobId=$id"
    number=$((number + 1)) offset=$((offset + size))
done

# 2: the catalog is written, though some objects failed.
# shellcheck disable=SC2016
merge='dredge merge --job "$1"; code=$?; [ "$code" = 2 ] || exit "$code"'
merge=$(printf %s "$merge" | sed 's/"/\\"/g')
overrides=$(printf '{"command": ["/bin/sh", "-c", "%s", "merge", "%s"]}' "$merge" "$job")
id=$(aws batch submit-job --job-name dredge-merge --job-queue "$queue" --job-definition "$definition" \
    --container-overrides "$overrides" --depends-on "$@" --query jobId --output text)
echo "$id: merge"
