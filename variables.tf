locals {
  topic_arn_prefix = "arn:${local.partition}:sns:${local.region}:${local.account_id}"
}

variable "alarm_topic_arns" {
  description = <<-TEXT
    ARNs of the SNS topics that alarms about the monitor itself go to. Use a second channel, because a failure of the
    module's own topic cannot be reported through it. Null uses that topic nevertheless; an empty list creates no
    alarms.
  TEXT
  type        = list(string)
  default     = null

  validation {
    condition = length(coalesce(var.alarm_topic_arns, [])) <= 5
    error_message = join(" ", [
      "alarm_topic_arns must have at most five topics, such as [\"${local.topic_arn_prefix}:on-call\"]:",
      "CloudWatch sends an alarm to no more.",
    ])
  }

  # The topic may be in another account, if its policy allows CloudWatch:
  # https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
  validation {
    condition = !anytrue([
      for arn in coalesce(var.alarm_topic_arns, []) :
      !can(regex("^arn:${local.partition}:sns:${local.region}:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
    ])
    error_message = join(" ", [
      "alarm_topic_arns must be null or a list of ARNs of standard SNS topics in ${local.region}, such as",
      "[\"${local.topic_arn_prefix}:on-call\"]; invalid:",
      jsonencode([
        for arn in coalesce(var.alarm_topic_arns, []) : arn
        if !can(regex("^arn:${local.partition}:sns:${local.region}:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
      ]),
    ])
  }
}

variable "allowed_key_names" {
  description = <<-TEXT
    Names of the key pairs that instances may be launched with; `*` stands for any characters, `?` for one. Empty
    allows any key pair.
  TEXT
  type        = set(string)
  default     = []
  nullable    = false

  # EC2's rules for names of key pairs: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/create-key-pairs.html
  validation {
    condition = !anytrue([
      for name in var.allowed_key_names : !can(regex("^[!-~]([ -~]{0,253}[!-~])?$", name))
    ])
    error_message = join(" ", [
      "allowed_key_names must hold names of 1 to 255 ASCII characters that neither start nor end with a blank, such as",
      "\"ops-*\" or \"break glass\"; invalid:",
      jsonencode([for name in var.allowed_key_names : name if !can(regex("^[!-~]([ -~]{0,253}[!-~])?$", name))]),
    ])
  }

  # AWS Config records only the name of an instance's key pair.
  validation {
    condition = !anytrue([for name in var.allowed_key_names : can(regex("^key-[0-9a-f]{17}$|^arn:aws", name))])
    error_message = join(" ", [
      "allowed_key_names must hold names such as \"ops-*\", and neither IDs nor ARNs of key pairs; invalid:",
      jsonencode([for name in var.allowed_key_names : name if can(regex("^key-[0-9a-f]{17}$|^arn:aws", name))]),
    ])
  }
}

variable "central" {
  description = <<-TEXT
    The hub of an organization, as in `{ event_bus_arn = "arn:aws:events:us-east-1:123456789012:event-bus/NAME" }`.
    The ARN is the output `event_bus_arn` of `modules/hub`. The hub gets the verdicts in `notify_on`, calls that change
    the recorder and the monitor's own alarms. If no other input notifies anybody, the monitor has no topic. A change
    from null then deletes the topic with all its subscriptions, its key and its dead letters. Null reports to no hub.
  TEXT
  type        = object({ event_bus_arn = string })
  default     = null

  validation {
    condition = var.central == null || can(regex(
      "^arn:${local.partition}:events:[a-z0-9-]+:[0-9]{12}:event-bus/[A-Za-z0-9._-]+$", var.central.event_bus_arn
    ))
    error_message = join(" ", [
      "central must be null or hold the ARN of a hub's event bus in this partition, such as { event_bus_arn =",
      "\"arn:${local.partition}:events:${local.region}:123456789012:event-bus/key-pair-hub\" }.",
    ])
  }
}

variable "chat" {
  description = <<-TEXT
    Whether HTTPS subscribers get notifications in the form that Amazon Q Developer shows in Slack and Microsoft Teams.
    Needs `digest_window_seconds`, because Amazon Q Developer drops the messages that EventBridge writes.
  TEXT
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition = !var.chat || var.digest_window_seconds != null
    error_message = join(" ", [
      "chat needs digest_window_seconds, such as 60: Amazon Q Developer shows only messages that the notifier writes",
      "and drops those that EventBridge writes.",
    ])
  }
}

variable "config_recorder_name" {
  description = <<-TEXT
    Name of the AWS Config recorder, if the same root creates it. The rule then waits for it. Take the name
    from `aws_config_configuration_recorder_status`, because a recorder records only once it is started. Null assumes
    that a recorder exists.
  TEXT
  type        = string
  default     = null
}

variable "digest_window_seconds" {
  description = <<-TEXT
    Seconds, 1 to 300, for which changes of verdict are collected into one readable notification. Below 20, Lambda
    may still wait for 20 when there are few. Null sends each change in its own notification, which EventBridge writes.
    A change to null deletes the digest's queue and its dead letters. docs/notifications.md shows both forms.
  TEXT
  type        = number
  default     = null

  validation {
    condition = var.digest_window_seconds == null || contains(range(1, 301), coalesce(var.digest_window_seconds, 0))
    error_message = join(" ", [
      "digest_window_seconds must be null or a whole number from 1 to 300, such as 60. Lambda collects for",
      "300 seconds at most.",
    ])
  }
}

variable "evaluation_frequency" {
  description = <<-TEXT
    How often every instance of the region is evaluated again, in addition to its changes: `One_Hour`,
    `Three_Hours`, `Six_Hours`, `Twelve_Hours` or `TwentyFour_Hours`. Null evaluates on changes only.
  TEXT
  type        = string
  default     = null

  validation {
    condition = (var.evaluation_frequency == null
      || contains(keys(local.frequency_hours), coalesce(var.evaluation_frequency, "-"))
    )
    error_message = join(" ", [
      "evaluation_frequency must be null or one of One_Hour, Three_Hours, Six_Hours, Twelve_Hours and",
      "TwentyFour_Hours.",
    ])
  }
}

variable "exempt_tags" {
  description = <<-TEXT
    Tags that exempt an instance: a map of tag keys to patterns of values. `*` stands for any characters, `?` for one,
    and case matters. An instance that has one of these tags is COMPLIANT.
  TEXT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = !anytrue([
      for key in keys(var.exempt_tags) : !can(regex("^[^*?]{1,128}$", key)) || !can(regex("\\S", key))
    ])
    error_message = join(" ", [
      "exempt_tags must have keys of 1 to 128 characters that are not all blanks and hold no * or ?, for only",
      "a value is a pattern, such as { \"Cost Center\" = \"*\" }; invalid:",
      jsonencode([
        for key in keys(var.exempt_tags) : key if !can(regex("^[^*?]{1,128}$", key)) || !can(regex("\\S", key))
      ]),
    ])
  }

  validation {
    condition = !anytrue([
      for value in values(var.exempt_tags) : !can(regex("^.{0,256}$", value)) || !can(regex("^$|\\S", value))
    ])
    error_message = join(" ", [
      "exempt_tags must have patterns of at most 256 characters that are not all blanks, such as",
      "{ \"Cost Center\" = \"*\" }; invalid:",
      jsonencode({
        for key, value in var.exempt_tags : key => value
        if !can(regex("^.{0,256}$", value)) || !can(regex("^$|\\S", value))
      }),
    ])
  }
}

variable "exempt_until_tag_key" {
  description = <<-TEXT
    Key of the tag whose value, a date like `2030-12-31`, is the last day (UTC) on which the instance is exempt. Null
    disables dated exemptions. Needs `evaluation_frequency`, because only a sweep ends an exemption.
  TEXT
  type        = string
  default     = null

  # AWS reserves the prefix aws: for its own tags, and none of them holds a date.
  validation {
    condition = var.exempt_until_tag_key == null || alltrue([
      can(regex("^[^*?]{1,128}$", var.exempt_until_tag_key)), can(regex("\\S", var.exempt_until_tag_key)),
      !startswith(lower(coalesce(var.exempt_until_tag_key, "-")), "aws:"),
    ])
    error_message = join(" ", [
      "exempt_until_tag_key must be null or a tag key of 1 to 128 characters that is not all blanks, holds no * or",
      "? and does not start with aws:, such as \"key-pair-exempt-until\"; invalid:",
      jsonencode(var.exempt_until_tag_key),
    ])
  }

  validation {
    condition = var.exempt_until_tag_key == null || var.evaluation_frequency != null
    error_message = join(" ", [
      "exempt_until_tag_key needs evaluation_frequency, such as \"TwentyFour_Hours\": without a schedule nothing",
      "would evaluate an instance on the day on which its exemption has ended.",
    ])
  }
}

variable "kms_key" {
  description = <<-TEXT
    The customer managed key that encrypts the topic and the logs, such as `{ arn = aws_kms_key.this.arn }`. Null
    creates a key for the topic and lets CloudWatch Logs encrypt the logs. A change from null deletes the created key,
    which encrypts no stored data. docs/operations.md shows the key policy that your key needs.
  TEXT
  type        = object({ arn = string })
  default     = null

  # The key may be in another account, if its policy allows the services.
  validation {
    condition = var.kms_key == null || can(
      regex("^arn:${local.partition}:kms:${local.region}:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn)
    )
    error_message = join(" ", [
      "kms_key must be null or hold the ARN of a key in ${local.region}, and not of an alias, such as { arn =",
      "\"arn:${local.partition}:kms:${local.region}:${local.account_id}:key/1234abcd-12ab-34cd-56ef-1234567890ab\" };",
      "invalid: ${try(jsonencode(var.kms_key.arn), "null")}.",
    ])
  }
}

variable "log_retention_days" {
  description = "Days for which the logs of the functions are kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.log_retention_days,
    )
    error_message = join(" ", [
      "log_retention_days must be a retention that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150,",
      "180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653.",
    ])
  }
}

variable "name" {
  description = <<-TEXT
    Name of the AWS Config rule and the topic, and prefix of every other name. A change replaces every resource,
    including the topic with its subscriptions and the queues with their messages.
  TEXT
  type        = string
  default     = "ec2-key-pair-monitor"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.name))
    error_message = "name must consist of letters, digits, hyphens and underscores, such as \"ec2-key-pair-monitor\"."
  }

  # NAME-non-compliant and NAME-notification-alarms are event rules of NAME.
  validation {
    condition = !can(regex("-(non|notification)$", var.name))
    error_message = join(" ", [
      "name must not end in -non or -notification: one of its event rules would replace one of a module named",
      "without that ending. Take \"${replace(var.name, "/-(non|notification)$/", "")}\".",
    ])
  }

  # The role has the longest of all names and, with 64 characters, one of the lowest limits.
  validation {
    condition = length("${var.name}-evaluator-${local.region}") <= 64
    error_message = join(" ", [
      "name has ${length(var.name)} characters and may have at most ${64 - length("-evaluator-${local.region}")}",
      "in ${local.region}: the role's name appends \"-evaluator-${local.region}\" to it and may have 64.",
    ])
  }
}

variable "notification_emails" {
  description = <<-TEXT
    E-mail addresses to notify. AWS sends each address a link to confirm the subscription. Nothing else is e-mailed
    before a person follows the link.
  TEXT
  type        = set(string)
  default     = []
  nullable    = false
}

variable "notify_on" {
  description = <<-TEXT
    Verdicts that are notified when an instance changes to them: any of `COMPLIANT`, `NON_COMPLIANT` and
    `NOT_APPLICABLE`. AWS does not document whether AWS Config sends an event for `NOT_APPLICABLE`.
  TEXT
  type        = set(string)
  default     = ["NON_COMPLIANT"]
  nullable    = false

  validation {
    condition     = length(var.notify_on) > 0
    error_message = "notify_on must name at least one verdict, such as [\"NON_COMPLIANT\"]."
  }

  validation {
    condition = length(setsubtract(var.notify_on, ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"])) == 0
    error_message = join(" ", [
      "notify_on must hold nothing but COMPLIANT, NON_COMPLIANT and NOT_APPLICABLE, such as",
      "[\"NON_COMPLIANT\"]; invalid:",
      jsonencode(setsubtract(var.notify_on, ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"])),
    ])
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that limits the permissions of the module's roles. Null sets no boundary."
  type        = string
  default     = null

  # A policy can be attached only to roles of the same account:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_managed-vs-inline.html
  validation {
    condition = var.permissions_boundary_arn == null || can(regex(
      "^arn:${local.partition}:iam::(aws|${local.account_id}):policy/[A-Za-z0-9_+=,.@/-]+$",
      var.permissions_boundary_arn,
    ))
    error_message = join(" ", [
      "permissions_boundary_arn must be null or the ARN of an IAM policy of AWS or of this account, such as",
      "\"arn:${local.partition}:iam::${local.account_id}:policy/boundary\"; invalid:",
      "${jsonencode(var.permissions_boundary_arn)}.",
    ])
  }
}

variable "report_schedule" {
  description = <<-TEXT
    When to report which instances are NON_COMPLIANT, which of them are new and which were fixed: a `cron`, `rate` or
    `at` expression of EventBridge Scheduler, such as `cron(0 8 ? * MON *)`, and its time zone. A `rate` sends its
    first report immediately. With `when_empty`, a report is also sent when no instance is NON_COMPLIANT. Null sends no
    reports. A change to null deletes what the last report found, so that the next report has no comparison.
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
    Your own topic to publish notifications to, in the account and region of the module, such as
    `{ arn = aws_sns_topic_policy.alerts.arn }`. Null creates a topic. A change from null deletes that topic with all
    its subscriptions, its key and its dead letters. You subscribe people to your own topic; docs/notifications.md shows
    the policies that it needs.
  TEXT
  type        = object({ arn = string })
  default     = null

  validation {
    condition = (var.sns_topic == null
      || can(regex("^${local.topic_arn_prefix}:[A-Za-z0-9_-]+$", var.sns_topic.arn))
    )
    error_message = join(" ", [
      "sns_topic must be null or hold the ARN of a standard topic in the account and region of the",
      "module, because EventBridge reaches no other, such as { arn = \"${local.topic_arn_prefix}:alerts\" }.",
    ])
  }

  validation {
    condition = var.sns_topic == null || length(var.notification_emails) == 0
    error_message = join(" ", [
      "sns_topic and notification_emails exclude each other: the module does not subscribe anyone to your topic.",
      "Leave notification_emails out, and subscribe the addresses where the topic is created, for example with",
      "aws_sns_topic_subscription.",
    ])
  }

  validation {
    condition = var.sns_topic == null || length(var.subscriptions) == 0
    error_message = join(" ", [
      "sns_topic and subscriptions exclude each other: the module does not subscribe anyone to your topic. Leave",
      "subscriptions out, and create them where the topic is created, for example with aws_sns_topic_subscription.",
    ])
  }
}

variable "subscriptions" {
  description = <<-TEXT
    Further subscribers of the topic, by names of your choice, such as
    `{ pager = { protocol = "https", endpoint = "https://pager.example.com/sns" } }`. The protocols are `sqs`, `lambda`,
    `https`, `sms` and `email`. Optional are `filter_policy` (JSON), `filter_policy_scope` (by default `MessageBody`, or
    with a digest `MessageAttributes`) and `raw_message_delivery` (`true` with `sqs` and `https`).
    docs/notifications.md shows examples, and the policy that a queue or a function needs.
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

  validation {
    condition     = length(var.tags) <= 50
    error_message = "tags must be 50 at most, such as { team = \"security\" }; there are ${length(var.tags)}."
  }

  validation {
    condition = !anytrue([
      for key in keys(var.tags) :
      startswith(lower(key), "aws:") || !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key))
    ])
    error_message = join(" ", [
      "tags must have keys of 1 to 128 letters, digits, blanks and _.:/=+@- that do not start with aws:, such as",
      "{ team = \"security\" }; invalid:",
      jsonencode([
        for key in keys(var.tags) : key
        if startswith(lower(key), "aws:") || !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key))
      ]),
    ])
  }

  # The roles are tagged, and IAM takes Team and team for the same key:
  # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html#case-sensitivity
  validation {
    condition = length(distinct([for key in keys(var.tags) : lower(key)])) == length(var.tags)
    error_message = join(" ", [
      "tags must have keys that differ in more than their case, such as { team = \"security\" }, because IAM takes",
      "others for one key; invalid:",
      jsonencode([
        for key in keys(var.tags) : key
        if length([for other in keys(var.tags) : other if lower(other) == lower(key)]) > 1
      ]),
    ])
  }

  validation {
    condition = !anytrue([
      for value in values(var.tags) : !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
    ])
    error_message = join(" ", [
      "tags must have values of at most 256 letters, digits, blanks and _.:/=+@-, such as { team = \"security\" };",
      "invalid:",
      jsonencode({
        for key, value in var.tags : key => value if !can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value))
      }),
    ])
  }
}
