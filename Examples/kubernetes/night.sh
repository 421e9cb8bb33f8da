#!/bin/sh
# Plans what is new or changed, runs a pod for each shard, and merges. See README.md.
set -eu
cd "$(dirname "$0")"

run() { # makes a Job anew, waits for its end, and prints how it ended: Complete or Failed
    kubectl delete job "$1" --ignore-not-found --cascade=foreground >&2
    kubectl create -f "$2" >&2
    until kubectl get job "$1" -o jsonpath='{.status.conditions[*].type}' | grep -oE 'Complete|Failed'; do
        sleep 10
    done
}
log() {
    kubectl logs -l "job-name=$1" --tail=-1
}

case $# in
0)
    run dredge-plan plan.yaml
    plan=$(log dredge-plan)
    echo "$plan"
    # Failed with 2, a plan has made a job, too: the log says what it has not removed, or what the listing may lack.
    made=$(echo "$plan" | grep '^{' | tail -n 1)
    [ -n "$made" ] || exit 1
    job=$(echo "$made" | sed 's/.*"job":"\([^"]*\)".*/\1/')
    shards=$(echo "$made" | sed 's/.*"shard_count":\([0-9]*\).*/\1/')
    ;;
2) job=$1 shards=$2 ;;
*) echo "usage: $0, or $0 JOB SHARDS" >&2; exit 1 ;;
esac
kubectl create configmap dredge-job --from-literal=JOB="$job" --dry-run=client -o yaml | kubectl apply -f -
if [ "$shards" -gt 0 ]; then
    sed "s/^  completions: .*/  completions: $shards/" job.yaml | run dredge -
fi
end=$(run dredge-merge merge.yaml)
log dredge-merge
[ "$end" = Complete ]
