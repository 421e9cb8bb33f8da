# Adds to the policy of the access point arn:aws:s3:eu-west-1:111122223333:accesspoint/reader; needs jq.
(
set -eu
old=$(aws s3control get-access-point-policy --account-id 111122223333 --region eu-west-1 --name reader --query Policy --output text 2>&1) || case $old in
*NoSuchAccessPointPolicy*) old='{"Version":"2012-10-17","Statement":[]}' ;;
*) printf '%s\n' "$old" >&2; exit 1 ;;
esac
new=$(printf '%s' "$old" | jq --argjson added '[
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:role/Vendor"
    },
    "Action": "s3:ListBucket",
    "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader",
    "Condition": {
      "StringLike": {
        "s3:prefix": "2025/*"
      }
    }
  },
  {
    "Effect": "Allow",
    "Principal": {
      "AWS": "arn:aws:iam::444455556666:role/Vendor"
    },
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:eu-west-1:111122223333:accesspoint/reader/object/2025/*"
  }
]' '
  .Statement |= (if type == "array" then . else [.] end | map(select(. as $one | $added | index([$one]) | not)) + $added)')
aws s3control put-access-point-policy --account-id 111122223333 --region eu-west-1 --name reader --policy "$new"
)
