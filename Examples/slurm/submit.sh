#!/bin/sh
# Plans what is new or changed, and submits a task for each shard, and a job that merges. See README.md.
set -eu
limit=${ARRAY_LIMIT:-1000} # change: tasks of one array, at most the cluster's MaxArraySize - 1

code=0
case $# in
1) job=$1 ;;
3)
    if [ -n "$(squeue --me --noheader --name=dredge-merge)" ]; then
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

unset SLURM_RESTART_COUNT # where scrontab runs this
arrays='' offset=0
while [ "$offset" -lt "$shards" ]; do
    size=$((shards - offset < limit ? shards - offset : limit))
    array=$(JOB=$job SHARD_OFFSET=$offset sbatch --parsable --array="0-$((size - 1))" "$(dirname "$0")/job.sbatch")
    echo "$array: shards $offset to $((offset + size - 1))"
    arrays=$arrays:$array offset=$((offset + size))
done
merge=$(sbatch --parsable ${arrays:+"--dependency=afterany$arrays"} --job-name=dredge-merge \
    --wrap "dredge merge --job '$job' --accept-failed-objects")
echo "$merge: merge"
