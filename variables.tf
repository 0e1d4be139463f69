variable "alarm_topic_arns" {
  description = "ARNs of the SNS topics that alarms about the monitor itself go to, best a second channel: what is wrong with the module's own topic can't be told through it. Null uses that topic all the same, and an empty list makes no alarms."
  type        = list(string)
  default     = null

  validation {
    condition     = alltrue([for arn in coalesce(var.alarm_topic_arns, []) : arn != null && can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$", arn))])
    error_message = "alarm_topic_arns must be null or a list of ARNs of standard SNS topics, such as [\"arn:aws:sns:eu-central-1:123456789012:on-call\"]."
  }
}

variable "allowed_key_names" {
  description = "Names of the key pairs that instances may be launched with; `*` stands for any characters, `?` for one. Empty allows any key pair."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.allowed_key_names : name != null && can(regex("^\\S{1,255}$", name))])
    error_message = "allowed_key_names must hold names of 1 to 255 characters without blanks, which AWS Config refuses in a rule's parameters: write ? for a blank, as in \"my?key\"."
  }
}

variable "evaluation_frequency" {
  description = "How often every instance of the region is evaluated again, in addition to its changes: `One_Hour`, `Three_Hours`, `Six_Hours`, `Twelve_Hours` or `TwentyFour_Hours`. Null evaluates on changes only."
  type        = string
  default     = null

  validation {
    condition     = var.evaluation_frequency == null || contains(["One_Hour", "Three_Hours", "Six_Hours", "Twelve_Hours", "TwentyFour_Hours"], coalesce(var.evaluation_frequency, "-"))
    error_message = "evaluation_frequency must be null or one of One_Hour, Three_Hours, Six_Hours, Twelve_Hours and TwentyFour_Hours."
  }
}

variable "exempt_tags" {
  description = "Tags that exempt an instance, as tag key to value pattern: `*` stands for any characters, `?` for one, and case matters. An instance that carries one of them is COMPLIANT."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.exempt_tags : value != null && can(regex("^\\S{1,128}$", key)) && can(regex("^\\S{0,256}$", value))])
    error_message = "exempt_tags must map tag keys of 1 to 128 characters to patterns of at most 256, both without blanks, which AWS Config refuses in a rule's parameters: in a pattern write ? for a blank, as in { \"karpenter.sh/nodepool\" = \"*\" }."
  }
}

variable "exempt_until_tag_key" {
  description = "Key of the tag whose value, a date like `2030-12-31`, is the last day (UTC) on which the instance that carries it is exempt. Null knows no such tag. Needs `evaluation_frequency`, for nothing else would end the exemption."
  type        = string
  default     = null

  validation {
    condition     = var.exempt_until_tag_key == null || can(regex("^\\S{1,128}$", var.exempt_until_tag_key))
    error_message = "exempt_until_tag_key must be null or a tag key of 1 to 128 characters without blanks, such as \"key-pair-exempt-until\"."
  }

  validation {
    condition     = var.exempt_until_tag_key == null || var.evaluation_frequency != null
    error_message = "exempt_until_tag_key needs evaluation_frequency, such as \"TwentyFour_Hours\": without a schedule nothing would evaluate an instance on the day on which its exemption has ended."
  }
}

variable "kms_key" {
  description = "The customer managed key that encrypts the topic, the queues and the log, by its ARN. Null makes one. The README shows the key policy that it needs."
  type        = object({ arn = string })
  default     = null

  validation {
    condition     = var.kms_key == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.kms_key.arn))
    error_message = "kms_key must be null or hold the ARN of a key, and not of an alias, such as { arn = \"arn:aws:kms:eu-central-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab\" }."
  }
}

variable "log_retention_days" {
  description = "Days for which the log of the evaluator function is kept."
  type        = number
  default     = 365
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be a retention that CloudWatch Logs offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653."
  }
}

variable "name" {
  description = "Name of the AWS Config rule and the topic, and prefix of every other name."
  type        = string
  default     = "ec2-key-pair-monitor"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.name))
    error_message = "name must consist of letters, digits, hyphens and underscores, such as \"ec2-key-pair-monitor\"."
  }

  # The role has the longest of all names and, with 64 characters, one of the lowest limits.
  validation {
    condition     = length("${var.name}-evaluator-${data.aws_region.current.id}") <= 64
    error_message = "name has ${length(var.name)} characters and may have at most ${64 - length("-evaluator-${data.aws_region.current.id}")} in ${data.aws_region.current.id}: the role's name appends \"-evaluator-${data.aws_region.current.id}\" to it and may have 64."
  }
}

variable "notification_emails" {
  description = "E-mail addresses to notify. Each gets a mail from AWS whose link a person must follow before anything else arrives."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for address in var.notification_emails : address != null && can(regex("^[^\\s@<>,;]+@[^\\s@<>,;.]+(\\.[^\\s@<>,;.]+)+$", address))])
    error_message = "notification_emails must hold plain e-mail addresses such as \"security@example.com\"; these are none: ${join(", ", [for address in var.notification_emails : coalesce(address, "null") if !can(regex("^[^\\s@<>,;]+@[^\\s@<>,;.]+(\\.[^\\s@<>,;.]+)+$", address))])}."
  }
}

variable "notify_on" {
  description = "Verdicts that are notified when an instance changes to them: any of `COMPLIANT`, `NON_COMPLIANT` and `NOT_APPLICABLE`."
  type        = set(string)
  default     = ["NON_COMPLIANT"]
  nullable    = false

  validation {
    condition     = length(var.notify_on) > 0
    error_message = "notify_on must name at least one verdict, such as [\"NON_COMPLIANT\"]."
  }

  validation {
    condition     = alltrue([for state in var.notify_on : contains(["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"], coalesce(state, "-"))])
    error_message = "notify_on must hold nothing but COMPLIANT, NON_COMPLIANT and NOT_APPLICABLE."
  }
}

variable "permissions_boundary_arn" {
  description = "ARN of the IAM policy that bounds the permissions of the module's role. Null sets no boundary."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary_arn == null || can(regex("^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/\\S+$", var.permissions_boundary_arn))
    error_message = "permissions_boundary_arn must be null or the ARN of an IAM policy, such as \"arn:aws:iam::123456789012:policy/boundary\"."
  }
}

variable "tags" {
  description = "Tags of every resource that can have tags."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key, value in var.tags : !startswith(lower(key), "aws:") && can(regex("^.{1,128}$", key)) && can(regex("^.{0,256}$", value))])
    error_message = "tags must have keys of 1 to 128 characters that do not start with aws:, and values of at most 256, such as { team = \"security\" }."
  }
}
