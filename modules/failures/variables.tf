variable "alarm_topic_arns" {
  description = <<-TEXT
    ARNs of the SNS topics to notify. Null creates no alarms. With an empty list, alarms only change state.
  TEXT
  type        = list(string)
}

variable "alarms" {
  description = <<-TEXT
    Alarms by the end of their name. One that is not `needed` is not created. An alarm is raised when the `statistic` of
    `metric` (NAMESPACE/NAME) is above `threshold` in each of `periods` successive periods of `period` seconds.
  TEXT
  type = map(object({
    needed      = optional(bool, true)
    metric      = string
    dimensions  = map(string)
    statistic   = optional(string, "Sum")
    threshold   = optional(number, 0)
    period      = optional(number, 300)
    periods     = optional(number, 1)
    description = string
  }))
  nullable = false
}

variable "dead_letters" {
  description = <<-TEXT
    Dead-letter queues by the end of their name. One that is not `needed` is not created. Each has an alarm, and
    `broken` is the first sentence of the alarm's description. `sender` is the service that may send to the queue,
    with the ARNs of the resources that it sends for. Omit `sender` if no service needs the queue's policy.
  TEXT
  type = map(object({
    needed = optional(bool, true)
    broken = string
    sender = optional(object({ service = string, arns = list(string) }))
  }))
  nullable = false
}

variable "name" {
  description = "Prefix of every name."
  type        = string
  nullable    = false
}

variable "tags" {
  description = "Tags of every resource."
  type        = map(string)
  default     = {}
  nullable    = false
}
