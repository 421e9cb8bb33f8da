#!/bin/sh
# Plans what is new or changed, and submits a child of an array for each shard, and a job that merges. See README.md.
set -eu
queue=${QUEUE:-dredge}           # change: the job queue
definition=${DEFINITION:-dredge} # the name in job-definition.json
limit=${ARRAY_LIMIT:-10000}      # children of one array, at most

code=0
case $# in
1) job=$1 ;;
3)
    unmerged="jobSummaryList[?status != 'SUCCEEDED' && status != 'FAILED'].jobId"
    if [ -n "$(aws batch list-jobs --job-queue "$queue" --filters name=JOB_NAME,values=dredge-merge \
        --query "$unmerged" --output text)" ]; then
        echo "the job before is not merged yet: this one would do its work again" >&2
        exit 1
    fi
    job=$(dredge plan "$1" --shards "$2" --results "$3" --since latest) || code=$?
    ;;
*) echo "usage: $0 CONFIG SHARDS RESULTS, or $0 JOB" >&2; exit 1 ;;
esac
# With 2 there is a job, too: the message says what it has not removed, or what the listing may lack.
case $code in 0 | 2) ;; *) exit "$code" ;; esac
echo "$job"
status=$(dredge status --job "$job" --json)
shards=$(echo "$status" | sed 's/.*"shard_count": *\([0-9]*\).*/\1/')
[ "$shards" -ne 1 ] || shards=2 # an array has two children or more, and one without a shard succeeds

# As many arrays as it takes, of nearly equal sizes.
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

overrides=$(printf '{"command": ["dredge", "merge", "--job", "%s", "--accept-failed-objects"]}' "$job")
id=$(aws batch submit-job --job-name dredge-merge --job-queue "$queue" --job-definition "$definition" \
    --container-overrides "$overrides" ${1:+--depends-on} "$@" --query jobId --output text)
echo "$id: merge"
