# For an account and region in which AWS Config was never switched on: first the recorder and its bucket, then the
# module.

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_service" "config" {
  service_id = "config"
}

locals {
  account_id  = data.aws_caller_identity.current.account_id
  partition   = data.aws_partition.current.partition
  bucket_name = "config-${local.account_id}-${data.aws_service.config.region}"
  bucket_arn  = "arn:${local.partition}:s3:::${local.bucket_name}"
}

# 1. The bucket of AWS Config's history and snapshots

resource "aws_s3_bucket" "config" {
  # checkov:skip=CKV_AWS_18:An access log would need another bucket
  # checkov:skip=CKV_AWS_144:The history of a region stays in the region
  # checkov:skip=CKV_AWS_145:S3's own keys need no key policy that allows AWS Config
  # checkov:skip=CKV2_AWS_62:Nothing reads new objects
  # A destroy fails while the bucket contains history: empty it first.
  bucket = local.bucket_name
}

resource "aws_s3_bucket_ownership_controls" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "config" {
  bucket                  = aws_s3_bucket.config.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_versioning" "config" {
  bucket = aws_s3_bucket.config.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "config" {
  bucket = aws_s3_bucket.config.id

  rule {
    id     = "expire"
    status = "Enabled"

    filter {}

    expiration {
      days = 365
    }

    noncurrent_version_expiration {
      noncurrent_days = 30
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }

  # Rules for old versions need versioning.
  depends_on = [aws_s3_bucket_versioning.config]
}

data "aws_iam_policy_document" "bucket" {
  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]

    principals {
      type        = "AWS"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }

  statement {
    sid       = "AWSConfigBucketCheck"
    actions   = ["s3:GetBucketAcl", "s3:ListBucket"]
    resources = [local.bucket_arn]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }

  statement {
    sid       = "AWSConfigBucketDelivery"
    actions   = ["s3:PutObject"]
    resources = ["${local.bucket_arn}/AWSLogs/${local.account_id}/Config/*"]

    principals {
      type        = "Service"
      identifiers = ["config.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "s3:x-amz-acl"
      values   = ["bucket-owner-full-control"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account_id]
    }
  }
}

resource "aws_s3_bucket_policy" "config" {
  bucket = aws_s3_bucket.config.id
  policy = data.aws_iam_policy_document.bucket.json

  # Both change which policies S3 accepts.
  depends_on = [aws_s3_bucket_ownership_controls.config, aws_s3_bucket_public_access_block.config]
}

# 2. The recorder

# One role for the whole account. If AWS Config is on in another region, the role exists: then use only its ARN.
resource "aws_iam_service_linked_role" "config" {
  aws_service_name = "config.amazonaws.com"
}

resource "aws_config_configuration_recorder" "this" {
  # checkov:skip=CKV2_AWS_48:The rule needs instances only, and each recorded item costs
  name     = "default"
  role_arn = aws_iam_service_linked_role.config.arn

  recording_group {
    all_supported  = false
    resource_types = ["AWS::EC2::Instance"]
  }

  recording_mode {
    recording_frequency = "CONTINUOUS"
  }
}

resource "aws_config_delivery_channel" "this" {
  name           = "default"
  s3_bucket_name = aws_s3_bucket.config.id

  # AWS Config refuses a channel without a recorder, and a channel to a bucket that it may not write to.
  depends_on = [aws_config_configuration_recorder.this, aws_s3_bucket_policy.config]
}

resource "aws_config_configuration_recorder_status" "this" {
  # checkov:skip=CKV2_AWS_45:The rule needs instances only, and each recorded item costs
  name       = aws_config_configuration_recorder.this.name
  is_enabled = true

  # A recorder starts only if a delivery channel exists.
  depends_on = [aws_config_delivery_channel.this]
}

# 3. The module

module "ec2_key_pair_monitor" {
  source = "../../"

  notification_emails  = ["security@example.com"]
  config_recorder_name = aws_config_configuration_recorder_status.this.name
}
