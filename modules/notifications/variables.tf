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

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that limits the permissions of the roles. Null sets no boundary."
  type        = string
  default     = null
}

variable "report" {
  description = <<-TEXT
    When to report NON_COMPLIANT instances: an expression of EventBridge Scheduler with its time zone. With `when_empty`
    a report is also sent when there are none. `rule_name` is the AWS Config rule to read. Null creates no report.
  TEXT
  type        = object({ expression = string, timezone = string, when_empty = bool, rule_name = string })
  default     = null
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
