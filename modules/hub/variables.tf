locals {
  topic_arn_prefix = "arn:${local.partition}:sns:${local.region}:${local.account_id}"
}

variable "account_ids" {
  description = "IDs of accounts outside the organization whose monitors may report to the hub."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for id in var.account_ids : can(regex("^[0-9]{12}$", id))])
    error_message = "account_ids must hold IDs of 12 digits, such as [\"123456789012\"]."
  }
}

variable "account_names" {
  description = "Names of accounts by their IDs, as notifications show them, such as `{ 123456789012 = \"shop\" }`."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "aggregator" {
  description = <<-TEXT
    The AWS Config aggregator that the report reads, in the hub's account and region. `{}` creates one for every account
    and region of the organization, which only its management account and a delegated administrator of AWS Config can
    do. `{ name = "…" }` reads your own. Null is for a hub without `report_schedule`.
  TEXT
  # A map, not an object: Terraform would silently drop a misspelt name, and then create an aggregator.
  type    = map(string)
  default = null

  validation {
    condition = alltrue([
      for key, value in coalesce(var.aggregator, {}) :
      key == "name" && (value == null || can(regex("^[A-Za-z0-9_-]{1,256}$", value)))
    ])
    error_message = join(" ", [
      "aggregator must have the name of an AWS Config aggregator, 1 to 256 letters, digits, hyphens and underscores,",
      "such as { name = \"organization\" }, or nothing, as in {}, which creates an aggregator; invalid:",
      "${jsonencode(var.aggregator)}.",
    ])
  }

  validation {
    condition = var.aggregator == null || var.report_schedule != null
    error_message = join(" ", [
      "aggregator needs report_schedule, because only the report reads the aggregator: set report_schedule, such as",
      "{ expression = \"cron(0 8 ? * MON *)\" }, or leave aggregator out.",
    ])
  }

  validation {
    condition = var.aggregator != null || var.report_schedule == null
    error_message = join(" ", [
      "report_schedule needs aggregator, from which the report reads every account and region: aggregator = {} creates",
      "one for the organization, aggregator = { name = \"…\" } reads your own.",
    ])
  }
}

variable "alarm_topic_arns" {
  description = <<-TEXT
    ARNs of the SNS topics that alarms about the hub itself notify. Use a second channel, because a failure of the hub's
    topic cannot be reported through it. Null uses the hub's topic nevertheless. An empty list creates no alarms.
  TEXT
  type        = list(string)
  default     = null

  validation {
    condition = length(coalesce(var.alarm_topic_arns, [])) <= 5 && alltrue([
      for arn in coalesce(var.alarm_topic_arns, []) :
      can(regex("^arn:${local.partition}:sns:${local.region}:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
    ])
    error_message = join(" ", [
      "alarm_topic_arns must be null or a list of at most five ARNs of standard SNS topics in ${local.region},",
      "such as [\"${local.topic_arn_prefix}:on-call\"].",
    ])
  }
}

variable "archive_days" {
  description = <<-TEXT
    Days for which an archive keeps what members have reported, so that it can be notified again. Null creates no
    archive; a change to null deletes it.
  TEXT
  type        = number
  default     = null

  validation {
    condition     = can(regex("^[1-9][0-9]{0,3}$", coalesce(var.archive_days, 1)))
    error_message = "archive_days must be null or a whole number from 1 to 9999, such as 14."
  }
}

variable "digest_by" {
  description = <<-TEXT
    Scope of one notification. `window` describes the changes of all accounts within a window. `account` sends separate
    notifications for each account, so that a team can filter for its own accounts. Each e-mail subscription should then
    have such a filter, because SNS suspends one that gets more than ten e-mails a second.
  TEXT
  type        = string
  default     = "window"
  nullable    = false
}

variable "digest_window_seconds" {
  description = "Seconds, 1 to 300, for which events of members are collected into one notification."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = contains(range(1, 301), var.digest_window_seconds)
    error_message = "digest_window_seconds must be a whole number from 1 to 300, such as 60."
  }
}

variable "kms_key" {
  description = <<-TEXT
    The customer managed key that encrypts the topic and the log, as in `{ arn = aws_kms_key.this.arn }`. Null creates a
    key for the topic and lets CloudWatch Logs encrypt the log.
  TEXT
  type        = object({ arn = string })
  default     = null

  validation {
    condition = (var.kms_key == null
      || can(regex("^arn:${local.partition}:kms:${local.region}:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    )
    error_message = join(" ", [
      "kms_key must be null or hold the ARN of a key in ${local.region}, and not of an alias, such as { arn =",
      "\"arn:${local.partition}:kms:${local.region}:${local.account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }.",
    ])
  }
}

variable "log_retention_days" {
  description = "Days for which the logs of the functions are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "monitor_names" {
  description = "The names of the monitors that report here: the values of their input `name`."
  type        = set(string)
  default     = ["ec2-key-pair-monitor"]
  nullable    = false

  validation {
    condition = length(var.monitor_names) > 0 && alltrue([
      for name in var.monitor_names : can(regex("^[A-Za-z0-9_-]+$", name))
    ])
    error_message = "monitor_names must hold names of monitors, such as [\"ec2-key-pair-monitor\"]."
  }
}

variable "name" {
  description = <<-TEXT
    Name of the event bus and the topic, and prefix of every other name. It must not begin with a name in
    `monitor_names`, because the hub would then report its own alarms as those of a monitor. A change replaces every
    resource.
  TEXT
  type        = string
  default     = "key-pair-hub"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,48}$", var.name))
    error_message = "name must consist of 1 to 48 letters, digits, hyphens and underscores, such as \"key-pair-hub\"."
  }

  validation {
    condition     = alltrue([for monitor in var.monitor_names : !startswith(var.name, monitor)])
    error_message = "name must not begin with a name in monitor_names: take another, such as \"key-pair-hub\"."
  }

  # The role has the longest of all names and, with 64 characters, one of the lowest limits.
  validation {
    condition = length("${var.name}-scheduler-${local.region}") <= 64
    error_message = join(" ", [
      "name has ${length(var.name)} characters and may have at most ${64 - length("-scheduler-${local.region}")} in",
      "${local.region}: a role's name appends \"-scheduler-${local.region}\" to it and may have 64.",
    ])
  }
}

variable "notification_emails" {
  description = "E-mail addresses to notify. Each must confirm its subscription before anything else arrives."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "organization" {
  description = <<-TEXT
    The organization whose monitors may report to the hub: its ID and optionally paths of organizational units, which
    allow only a part of it, as in `{ id = "o-a1b2c3d4e5", paths = ["o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"] }`.
  TEXT
  type        = object({ id = string, paths = optional(set(string)) })
  default     = null

  validation {
    condition     = var.organization == null || can(regex("^o-[a-z0-9]{10,32}$", var.organization.id))
    error_message = "organization must be null or hold the ID of an organization, such as { id = \"o-a1b2c3d4e5\" }."
  }

  validation {
    condition = var.organization == null || try(var.organization.paths, null) == null || alltrue([
      length(coalesce(try(var.organization.paths, null), [])) > 0,
      alltrue([
        for path in coalesce(try(var.organization.paths, null), []) :
        can(regex("^${try(var.organization.id, "")}/r-\\S+[/*]$", path))
      ]),
    ])
    error_message = join(" ", [
      "organization must have paths of this organization that begin with its ID and its root and end with / or *,",
      "such as [\"o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*\"], or none at all.",
    ])
  }

  validation {
    condition     = var.organization != null || length(var.account_ids) > 0
    error_message = "organization or account_ids must name who may report, such as { id = \"o-a1b2c3d4e5\" }."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that limits the permissions of the hub's roles. Null sets no boundary."
  type        = string
  default     = null

  validation {
    condition = var.permissions_boundary_arn == null || can(regex(
      "^arn:${local.partition}:iam::(aws|${local.account_id}):policy/[A-Za-z0-9_+=,.@/-]+$",
      var.permissions_boundary_arn,
    ))
    error_message = join(" ", [
      "permissions_boundary_arn must be null or the ARN of an IAM policy of AWS or of this account, such as",
      "\"arn:${local.partition}:iam::${local.account_id}:policy/boundary\".",
    ])
  }
}

variable "report_schedule" {
  description = <<-TEXT
    When to report which instances of every account and region are NON_COMPLIANT, which of them are new and which were
    fixed, and which accounts and regions have instances but no monitor: a `cron`, `rate` or `at` expression of
    EventBridge Scheduler, such as `cron(0 8 ? * MON *)`, and its time zone. Needs `aggregator`. With `when_empty`, a
    report is also sent when it has nothing to say. Null sends no reports. A change to null deletes what the last report
    found, so that the next report has no comparison.
  TEXT
  type = object({
    expression = string
    timezone   = optional(string, "UTC")
    when_empty = optional(bool, false)
  })
  default = null
}

variable "sns_topic" {
  description = <<-TEXT
    Your own topic to publish notifications to, in the hub's account and region, such as `{ arn =
    aws_sns_topic.this.arn }`. Null creates a topic.
  TEXT
  type        = object({ arn = string })
  default     = null

  validation {
    condition = var.sns_topic == null || can(regex("^${local.topic_arn_prefix}:[A-Za-z0-9_-]+$", var.sns_topic.arn))
    error_message = join(" ", [
      "sns_topic must be null or hold the ARN of a standard topic in the account and region of the hub, such as",
      "{ arn = \"${local.topic_arn_prefix}:alerts\" }.",
    ])
  }

  validation {
    condition     = var.sns_topic == null || length(var.notification_emails) + length(var.subscriptions) == 0
    error_message = "sns_topic excludes notification_emails and subscriptions: subscribe where the topic is made."
  }
}

variable "subscriptions" {
  description = <<-TEXT
    Further subscribers of the topic, by names of your choice, such as
    `{ pager = { protocol = "https", endpoint = "https://pager.example.com/sns" } }`. The attributes are those of the
    monitor's input `subscriptions`. A `filter_policy` filters on message attributes.
  TEXT
  # Maps, not objects: Terraform would silently drop a misspelt attribute of an object.
  type     = map(map(string))
  default  = {}
  nullable = false
}

variable "tags" {
  description = "Tags of every resource that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false

  # The roles are tagged, and IAM takes Team and team for the same key:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
  validation {
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags : alltrue([
        can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)),
        can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)),
        !startswith(lower(key), "aws:"),
        length([for other in keys(var.tags) : other if lower(other) == lower(key)]) == 1,
      ])
    ])
    error_message = join(" ", [
      "tags must be 50 at most, such as { team = \"security\" }. They consist of letters, digits, blanks and _.:/=+@-.",
      "Keys have 1 to 128 of these, do not start with aws: and differ in more than case. Values have at most 256.",
    ])
  }
}
