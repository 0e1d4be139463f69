locals {
  topic_arn_prefix = "arn:${local.partition}:sns:${local.region}:${local.account_id}"

  # What SNS takes as the endpoint of each protocol, as far as a standard topic and encryption on the way allow it.
  endpoint_patterns = {
    email  = "^[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]+@[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+$"
    https  = "^https://[^\\s/]+(/\\S*)?$"
    lambda = "^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$"
    sms    = "^\\+[1-9][0-9]{1,14}$"
    sqs    = "^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$"
  }

  # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
  cron_fields = {
    for field, value in {
      minute       = "[0-5]?[0-9]"
      hour         = "([01]?[0-9]|2[0-3])"
      day_of_month = "(0?[1-9]|[12][0-9]|3[01])"
      month        = "(0?[1-9]|1[0-2]|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)"
      day_of_week  = "([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)"
      year         = "(19[7-9][0-9]|2[01][0-9][0-9])"
    } : field => replace("(<>)(,(<>))*", "<>", "(\\*|${value}(-${value})?)(/[1-9][0-9]*)?")
  }
  cron_day_of_month = "(${local.cron_fields.day_of_month}|L|LW|(0?[1-9]|[12][0-9]|3[01])W)"
  cron_day_of_week  = "(${local.cron_fields.day_of_week}|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)?L|[1-7A-Z]+#[1-5])"
  schedule_patterns = {
    at = "^at\\([0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]\\)$"
    cron = join(" ", [
      "^cron\\(${local.cron_fields.minute} ${local.cron_fields.hour}",
      "(\\? ${local.cron_fields.month} ${local.cron_day_of_week}|${local.cron_day_of_month}",
      "${local.cron_fields.month} \\?) ${local.cron_fields.year}\\)$",
    ])
    rate = "^rate\\([1-9][0-9]* (minute|hour|day)s?\\)$"
  }
  time_zone_pattern = join("", [
    "^(UTC|GMT|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico",
    "|Pacific|US)(/[A-Za-z0-9_+-]+)+)$",
  ])
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
    condition = length(coalesce(var.alarm_topic_arns, [])) <= 5 && alltrue([
      for arn in coalesce(var.alarm_topic_arns, []) :
      can(regex("^arn:aws[a-z-]*:sns:${local.region}:[0-9]{12}:[A-Za-z0-9_-]+$", arn))
    ])
    error_message = join(" ", [
      "alarm_topic_arns must be null or a list of at most five ARNs of standard SNS topics in ${local.region},",
      "such as [\"arn:aws:sns:${local.region}:123456789012:on-call\"].",
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

  validation {
    condition = alltrue([
      for name in var.allowed_key_names : can(regex("^.{1,255}$", name)) && can(regex("\\S", name))
    ])
    error_message = join(" ", [
      "allowed_key_names must hold names of 1 to 255 characters that are not all blanks, such as \"ops-*\" or",
      "\"break glass\"; invalid:",
      "${jsonencode([
        for name in var.allowed_key_names : name if !can(regex("^.{1,255}$", name)) || !can(regex("\\S", name))
      ])}.",
    ])
  }
}

variable "chat" {
  description = <<-TEXT
    Whether HTTPS subscribers get notifications in the form that Amazon Q Developer shows in Slack and Microsoft Teams.
    Needs `digest_window_seconds`: what EventBridge words, Amazon Q Developer drops.
  TEXT
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition = !var.chat || var.digest_window_seconds != null
    error_message = join(" ", [
      "chat needs digest_window_seconds, such as 60: only the notifier writes what Amazon Q Developer shows, and what",
      "EventBridge words it drops.",
    ])
  }
}

variable "config_recorder_name" {
  description = <<-TEXT
    Name of the AWS Config recorder, if it is created in the same root: the rule then waits for it. Take the name
    from `aws_config_configuration_recorder_status`, because a recorder records only once it is started. Null assumes
    that a recorder exists.
  TEXT
  type        = string
  default     = null
}

variable "digest_window_seconds" {
  description = <<-TEXT
    Seconds, 1 to 300, for which changes of verdict are collected into one readable notification. Below 20, Lambda
    may still wait for 20 when there are few. Null sends each change by itself, as EventBridge words it. Changing a
    number to null deletes the digest's queue and its dead letters. docs/notifications.md shows both forms.
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
    Tags that exempt an instance, as tag key to value pattern: `*` stands for any characters, `?` for one, and case
    matters. An instance that carries one of them is COMPLIANT.
  TEXT
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.exempt_tags : alltrue([
        can(regex("^.{1,128}$", key)), can(regex("\\S", key)),
        can(regex("^.{0,256}$", value)), can(regex("^$|\\S", value)),
      ])
    ])
    error_message = join(" ", [
      "exempt_tags must map tag keys of 1 to 128 characters to patterns of at most 256, neither of them all",
      "blanks, such as { \"Cost Center\" = \"*\" }; invalid:",
      "${jsonencode({
        for key, value in var.exempt_tags : key => value if !alltrue([
          can(regex("^.{1,128}$", key)), can(regex("\\S", key)),
          can(regex("^.{0,256}$", value)), can(regex("^$|\\S", value)),
        ])
      })}.",
    ])
  }
}

variable "exempt_until_tag_key" {
  description = <<-TEXT
    Key of the tag whose value, a date like `2030-12-31`, is the last day (UTC) on which the instance is exempt. Null
    disables dated exemptions. Needs `evaluation_frequency`, because nothing else would end the exemption.
  TEXT
  type        = string
  default     = null

  validation {
    condition = var.exempt_until_tag_key == null || alltrue([
      can(regex("^.{1,128}$", var.exempt_until_tag_key)), can(regex("\\S", var.exempt_until_tag_key)),
    ])
    error_message = join(" ", [
      "exempt_until_tag_key must be null or a tag key of 1 to 128 characters that is not all blanks, such as",
      "\"key-pair-exempt-until\"; invalid: ${jsonencode(var.exempt_until_tag_key)}.",
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
    creates a key for the topic and lets CloudWatch Logs encrypt the logs. docs/operations.md shows the key policy
    that your key needs.
  TEXT
  type        = object({ arn = string })
  default     = null

  validation {
    condition = (var.kms_key == null
      || can(regex("^arn:aws[a-z-]*:kms:${local.region}:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    )
    error_message = join(" ", [
      "kms_key must be null or hold the ARN of a key in ${local.region}, and not of an alias, such as { arn =",
      "\"arn:aws:kms:${local.region}:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }.",
    ])
  }
}

variable "log_retention_days" {
  description = "Days for which the log of the evaluator function is kept."
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
    Name of the AWS Config rule and the topic, and prefix of every other name. Changing it replaces every resource,
    the topic with its subscriptions and the queues with their messages included.
  TEXT
  type        = string
  default     = "ec2-key-pair-monitor"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.name))
    error_message = "name must consist of letters, digits, hyphens and underscores, such as \"ec2-key-pair-monitor\"."
  }

  validation {
    condition = !endswith(var.name, "-non")
    error_message = join(" ", [
      "name must not end in -non: its event rule for COMPLIANT would be the one for NON_COMPLIANT of a module",
      "named without that ending. Take \"${trimsuffix(var.name, "-non")}\".",
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
    E-mail addresses to notify. AWS sends each of them a link to confirm the subscription. Nothing else arrives before
    a person follows it.
  TEXT
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for address in var.notification_emails : can(regex(local.endpoint_patterns.email, address))
    ])
    error_message = join(" ", [
      "notification_emails must hold plain e-mail addresses such as \"security@example.com\"; invalid:",
      "${join(", ", [
        for address in var.notification_emails : address == null ? "null" : "\"${address}\""
        if !can(regex(local.endpoint_patterns.email, address))
      ])}.",
    ])
  }
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
    condition = alltrue([
      for state in var.notify_on : contains(["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"], coalesce(state, "-"))
    ])
    error_message = "notify_on must hold nothing but COMPLIANT, NON_COMPLIANT and NOT_APPLICABLE."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that limits the permissions of the module's roles. Null sets no boundary."
  type        = string
  default     = null

  validation {
    condition = (var.permissions_boundary_arn == null
      || can(regex("^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/\\S+$", var.permissions_boundary_arn))
    )
    error_message = join(" ", [
      "permissions_boundary_arn must be null or the ARN of an IAM policy, such as",
      "\"arn:aws:iam::123456789012:policy/boundary\".",
    ])
  }
}

variable "report_schedule" {
  description = <<-TEXT
    When to report which instances are NON_COMPLIANT, which of them are new and which were fixed: a `cron`, `rate` or
    `at` expression of EventBridge Scheduler, such as `cron(0 8 ? * MON *)`, and its time zone. A `rate` starts with a
    report immediately. With `when_empty`, a report also says that there are none. Null reports nothing.
  TEXT
  type = object({
    expression = string
    timezone   = optional(string, "UTC")
    when_empty = optional(bool, false)
  })
  default = null

  validation {
    condition = var.report_schedule == null || anytrue([
      for pattern in values(local.schedule_patterns) : can(regex(pattern, var.report_schedule.expression))
    ])
    error_message = join(" ", [
      "report_schedule must have an expression of EventBridge Scheduler: \"cron(0 8 ? * MON *)\" for each Monday at",
      "eight, with six fields (minute, hour, day of month, month, day of week, year) of which one day field is ?, or",
      "\"rate(7 days)\", or once \"at(2030-12-31T08:00:00)\"; invalid:",
      "${jsonencode(try(var.report_schedule.expression, null))}.",
    ])
  }

  # Terraform has no list of time zones: only the apply refuses a well-formed name that does not exist.
  validation {
    condition = var.report_schedule == null || alltrue([
      can(regex(local.time_zone_pattern, var.report_schedule.timezone)),
      length(coalesce(try(var.report_schedule.timezone, null), "-")) <= 50,
    ])
    error_message = join(" ", [
      "report_schedule must have a timezone of the IANA database, such as \"Europe/Berlin\" or \"UTC\"; invalid:",
      "${jsonencode(try(var.report_schedule.timezone, null))}.",
    ])
  }

  validation {
    condition     = var.report_schedule == null || try(var.report_schedule.when_empty, null) != null
    error_message = "report_schedule must have when_empty = true or false, or leave it out, which is false."
  }
}

variable "sns_topic" {
  description = <<-TEXT
    Your own topic to publish notifications to, by its ARN, in the account and region of the module. Null creates a
    topic. You subscribe people to your own topic; docs/notifications.md shows the policies that it needs.
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
    Further subscribers of the topic, by names of your choice: `sqs`, `lambda`, `https`, `sms`, or `email` with a
    filter. docs/notifications.md shows examples, and the policy that a queue or a function needs.
  TEXT
  type = map(object({
    protocol             = string
    endpoint             = string
    filter_policy        = optional(string)
    filter_policy_scope  = optional(string, "MessageBody")
    raw_message_delivery = optional(bool, false)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, each in var.subscriptions : each != null])
    error_message = "subscriptions must not hold null: leave the name out."
  }

  validation {
    condition = alltrue([
      for each in var.subscriptions :
      contains(keys(local.endpoint_patterns), coalesce(each.protocol, "-")) if each != null
    ])
    error_message = join(" ", [
      "subscriptions must have one of the protocols ${join(", ", keys(local.endpoint_patterns))}, such as {",
      "pager = { protocol = \"https\", endpoint = \"https://pager.example.com/sns\" } }; an endpoint without TLS",
      "is refused.",
    ])
  }

  # The rule above reports an unknown protocol.
  validation {
    condition = alltrue([
      for each in var.subscriptions :
      can(regex(lookup(local.endpoint_patterns, coalesce(each.protocol, "-"), ""), each.endpoint)) if each != null
    ])
    error_message = join(" ", [
      "subscriptions must have an endpoint that fits the protocol: an address for email, a URL that starts with",
      "https:// for https, the ARN of a function for lambda, a number such as \"+4915112345678\" for sms, and",
      "the ARN of a standard queue, such as \"arn:aws:sqs:eu-central-1:123456789012:alerts\", for sqs.",
    ])
  }

  validation {
    condition = length(var.subscriptions) == length(distinct([
      for each in var.subscriptions : "${coalesce(each.protocol, "-")} ${coalesce(each.endpoint, "-")}" if each != null
    ]))
    error_message = join(" ", [
      "subscriptions must not have the same protocol and endpoint twice, because SNS makes one subscription of them:",
      "give one of them a filter_policy that takes what either takes, such as jsonencode({ what_to_do =",
      "[\"Nothing.\"] }).",
    ])
  }

  validation {
    condition = alltrue([
      for each in var.subscriptions :
      each.protocol != "email" || !contains(var.notification_emails, coalesce(each.endpoint, "-")) if each != null
    ])
    error_message = join(" ", [
      "subscriptions and notification_emails must not name the same address: name it in subscriptions alone",
      "where it has a filter, such as { audit = { protocol = \"email\", endpoint = \"audit@example.com\",",
      "filter_policy = … } }.",
    ])
  }

  validation {
    condition = alltrue([
      for each in var.subscriptions :
      each.filter_policy == null || can(keys(jsondecode(each.filter_policy))) if each != null
    ])
    error_message = join(" ", [
      "subscriptions must have a filter_policy that is a JSON object or null, such as jsonencode({ what_to_do =",
      "[{ anything-but = \"Nothing.\" }] }).",
    ])
  }

  validation {
    condition = alltrue([
      for each in var.subscriptions :
      contains(["MessageAttributes", "MessageBody"], coalesce(each.filter_policy_scope, "-")) if each != null
    ])
    error_message = join(" ", [
      "subscriptions must have the filter_policy_scope \"MessageBody\", which is the default, or with",
      "digest_window_seconds \"MessageAttributes\".",
    ])
  }

  # The two places that know who publishes.
  validation {
    condition = var.digest_window_seconds != null || var.report_schedule != null || alltrue([
      for each in var.subscriptions : each.filter_policy_scope != "MessageAttributes" if each != null
    ])
    error_message = join(" ", [
      "subscriptions can filter on message attributes only with digest_window_seconds or report_schedule, because",
      "EventBridge sends none and nothing would arrive: leave filter_policy_scope out, and filter on the fields of",
      "the message, such as filter_policy = jsonencode({ what_to_do = [{ anything-but = \"Nothing.\" }] }).",
    ])
  }

  validation {
    condition = var.digest_window_seconds == null || alltrue([
      for each in var.subscriptions :
      each.filter_policy == null || each.filter_policy_scope == "MessageAttributes" if each != null
    ])
    error_message = join(" ", [
      "subscriptions can filter a digest on its message attributes only, because the body of an e-mail is not JSON:",
      "with digest_window_seconds set filter_policy_scope = \"MessageAttributes\", and filter on accounts, kind,",
      "regions, rules or verdicts, such as filter_policy = jsonencode({ verdicts = [\"NON_COMPLIANT\"] }).",
    ])
  }

  # A filter on anything else would silently drop every message.
  validation {
    condition = alltrue([
      for each in var.subscriptions : length(setsubtract(
        try(keys(jsondecode(each.filter_policy)), []), ["$or", "accounts", "kind", "regions", "rules", "verdicts"]
      )) == 0 if try(each.filter_policy_scope, null) == "MessageAttributes"
    ])
    error_message = join(" ", [
      "subscriptions can filter on the message attributes accounts, kind, regions, rules and verdicts only, such as",
      "filter_policy = jsonencode({ verdicts = [\"NON_COMPLIANT\"] }).",
    ])
  }

  validation {
    condition = var.report_schedule == null || var.digest_window_seconds != null || alltrue([
      for each in var.subscriptions : anytrue([
        !contains(["email", "sms"], coalesce(each.protocol, "-")),
        each.filter_policy == null,
        each.filter_policy_scope == "MessageAttributes",
      ]) if each != null
    ])
    error_message = join(" ", [
      "subscriptions with the protocol email or sms can't filter on the body with report_schedule, because the text",
      "of a report is not JSON and no report would pass. Set digest_window_seconds, such as 60, and filter on message",
      "attributes, or leave filter_policy out. To get nothing but reports, set filter_policy_scope =",
      "\"MessageAttributes\" and filter_policy = jsonencode({ kind = [\"report\"] }).",
    ])
  }

  validation {
    condition = !var.chat || alltrue([
      for each in var.subscriptions : coalesce(each.protocol, "-") != "https" if each != null
    ])
    error_message = join(" ", [
      "subscriptions can't have the protocol https together with chat, for HTTPS then carries what Amazon Q Developer",
      "shows: subscribe a queue or a function, such as { protocol = \"sqs\", endpoint =",
      "\"arn:aws:sqs:eu-central-1:123456789012:alerts\" }, which gets the document.",
    ])
  }

  validation {
    condition = alltrue([
      for each in var.subscriptions :
      !coalesce(each.raw_message_delivery, false) || contains(["https", "sqs"], coalesce(each.protocol, "-"))
      if each != null
    ])
    error_message = join(" ", [
      "subscriptions can have raw_message_delivery with the protocols https and sqs only: SNS delivers to the",
      "other protocols in one form, such as the text of an e-mail.",
    ])
  }
}

variable "tags" {
  description = "Tags of every resource that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = length(var.tags) <= 50 && alltrue([
      for key, value in var.tags : alltrue([
        !startswith(lower(key), "aws:"),
        can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{1,128}$", key)),
        can(regex("^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]{0,256}$", value)),
      ])
    ])
    error_message = join(" ", [
      "tags must have keys of 1 to 128 characters that do not start with aws:, and values of at most 256, both",
      "of letters, digits, blanks and _.:/=+@- only, and be 50 at most, such as { team = \"security\" }.",
    ])
  }
}
