locals {
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
  cron_day_of_week  = "(${local.cron_fields.day_of_week}|L|([1-7]|SUN|MON|TUE|WED|THU|FRI|SAT)(L|#[1-5]))"
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

variable "account_names" {
  description = "Names of accounts by their IDs, as a digest shows them."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for id, name in var.account_names :
      can(regex("^[0-9]{12}$", id)) && can(regex("^[^\\p{C}\\p{Z}]([^\\p{C}]{0,48}[^\\p{C}\\p{Z}])?$", name))
    ])
    error_message = join(" ", [
      "account_names must map account IDs of twelve digits to names of 1 to 50 printable characters that neither start",
      "nor end with a blank, such as { \"123456789012\" = \"production\" }.",
    ])
  }
}

variable "alarm_topic_arns" {
  description = <<-TEXT
    ARNs of the SNS topics that alarms notify. Null uses the module's topic. An empty list creates no alarms.
  TEXT
  type        = list(string)
  default     = null
}

variable "chat" {
  description = "Whether HTTPS subscribers get the form that chats show. Needs `digest_window_seconds`."
  type        = bool
  default     = false
  nullable    = false
}

variable "console_domain" {
  description = "Domain of AWS's console, such as `console.aws.amazon.com`."
  type        = string
  nullable    = false
}

variable "digest_by" {
  description = "`window` describes all events of a window in one digest, `account` sends a digest for each account."
  type        = string
  default     = "window"
  nullable    = false

  validation {
    condition     = contains(["account", "window"], var.digest_by)
    error_message = "digest_by must be \"window\" or \"account\"."
  }
}

variable "digest_window_seconds" {
  description = "Seconds, 1 to 300, for which events are collected into one notification. Null creates no digest."
  type        = number
  default     = null
}

variable "event_rule_arns" {
  description = "ARNs of the event rules that may send to the digest's queue."
  type        = list(string)
  nullable    = false
}

variable "kms_key" {
  description = "The customer managed key for the topic and the logs. Null creates a key for the topic."
  type        = object({ arn = string })
  default     = null
}

variable "log_retention_days" {
  description = "Days for which the logs of the notifier and the reporter are kept."
  type        = number
  default     = 365
  nullable    = false
}

variable "message_fields" {
  description = "Fields of the event rules' messages to the topic, to filter by. A digest has attributes instead."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "name" {
  description = "Name of the topic, and prefix of every other name."
  type        = string
  nullable    = false
}

variable "notification_emails" {
  description = "E-mail addresses to notify."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = !anytrue([for address in var.notification_emails : address == null])
    error_message = "notification_emails must not hold null, but addresses such as \"security@example.com\"."
  }
}

variable "only_digests" {
  description = "Whether event rules send only to the digest's queue. EventBridge may then not publish to the topic."
  type        = bool
  default     = false
  nullable    = false
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that limits the permissions of the roles. Null sets no boundary."
  type        = string
  default     = null
}

variable "report" {
  description = <<-TEXT
    When to report NON_COMPLIANT instances: an expression of EventBridge Scheduler with its time zone. With `when_empty`
    a report is also sent when there are none. `rule_name` is the AWS Config rule to read. With `aggregator`, the report
    reads the rules `aggregator.rule_names` of every account and region there, and `rule_name` is only what the report
    is called. Null creates no report.
  TEXT
  type = object({
    expression = string
    timezone   = string
    when_empty = bool
    rule_name  = string
    aggregator = optional(object({ name = string, arn = string, rule_names = set(string) }))
  })
  default = null

  # The messages have the name of the input that callers set.
  validation {
    condition = var.report == null || anytrue([
      for pattern in values(local.schedule_patterns) : can(regex(pattern, var.report.expression))
    ])
    error_message = join(" ", [
      "report_schedule must have an expression of EventBridge Scheduler: \"cron(0 8 ? * MON *)\" for each Monday at",
      "eight, with six fields (minute, hour, day of month, month, day of week, year) of which one day field is ?, or",
      "\"rate(7 days)\", or once \"at(2030-12-31T08:00:00)\"; invalid:",
      "${jsonencode(try(var.report.expression, null))}.",
    ])
  }

  # Terraform has no list of time zones. A well-formed name that does not exist fails only in the apply.
  validation {
    condition = var.report == null || alltrue([
      can(regex(local.time_zone_pattern, var.report.timezone)),
      length(coalesce(try(var.report.timezone, null), "-")) <= 50,
    ])
    error_message = join(" ", [
      "report_schedule must have a timezone of the IANA database, such as \"Europe/Berlin\" or \"UTC\"; invalid:",
      "${jsonencode(try(var.report.timezone, null))}.",
    ])
  }

  validation {
    condition     = var.report == null || try(var.report.when_empty, null) != null
    error_message = "report_schedule must have when_empty = true or false, or leave it out, which is false."
  }
}

variable "sns_topic" {
  description = "Your own topic to publish to. Null creates a topic."
  type        = object({ arn = string })
  default     = null
}

variable "subscriptions" {
  description = <<-TEXT
    Further subscribers of the topic, by names of your choice. Each is a map with `protocol`, `endpoint` and, if needed,
    `filter_policy`, `filter_policy_scope` and `raw_message_delivery`.
  TEXT
  # Maps, not objects: Terraform would silently drop a misspelt attribute of an object.
  type     = map(map(string))
  default  = {}
  nullable = false

  validation {
    condition = !anytrue([for subscription in var.subscriptions : subscription == null])
    error_message = join(" ", [
      "subscriptions must not hold null. Leave the name out;",
      "invalid: ${join(", ", [for name, subscription in var.subscriptions : name if subscription == null])}.",
    ])
  }

  validation {
    condition = !anytrue([
      for subscription in var.subscriptions : length(setsubtract(
        keys(coalesce(subscription, {})),
        ["endpoint", "filter_policy", "filter_policy_scope", "protocol", "raw_message_delivery"],
      )) > 0
    ])
    error_message = join(" ", [
      "subscriptions must have no attributes but protocol, endpoint, filter_policy, filter_policy_scope and",
      "raw_message_delivery, such as { pager = { protocol = \"https\", endpoint =",
      "\"https://pager.example.com/sns\" } }; invalid:",
      join(", ", flatten([
        for name, subscription in var.subscriptions : formatlist("${name}.%s", setsubtract(
          keys(coalesce(subscription, {})),
          ["endpoint", "filter_policy", "filter_policy_scope", "protocol", "raw_message_delivery"],
        ))
      ])),
    ])
  }
}

variable "tags" {
  description = "Tags of every resource that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "verdicts" {
  description = "Verdicts that can be notified. A filter on another one is refused."
  type        = set(string)
  default     = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"]
  nullable    = false
}
