# A grant instead of a statement: a key's policy can be replaced here, but not added to.
resource "aws_kms_grant" "dredge" {
  key_id            = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  grantee_principal = "arn:aws:iam::444455556666:role/Vendor"
  operations        = ["Decrypt"]
}
