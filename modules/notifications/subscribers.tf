# The subscribers of the module's own topic. None of this exists with your own topic.
#
# Subscribers are checked by preconditions, not by validations of the variables. A precondition names a wrong subscriber
# even if the endpoint of another one is not known yet, and the root and the hub share the same checks.

locals {
  # The endpoints that SNS accepts for each protocol, but only those that work with a standard topic and encryption in
  # transit. Queues and functions may be in another account or region, but not in another partition:
  # https://docs.aws.amazon.com/sns/latest/dg/sns-cross-region-delivery.html
  # RFC 5321 limits the length of an e-mail address.
  endpoints = {
    email = {
      example = "audit@example.com"
      patterns = [
        "^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@",
        "@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\\.)+[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])$",
        "^[^@]{1,64}@[^@]{1,189}$",
      ]
    }
    https = {
      example  = "https://pager.example.com/sns"
      patterns = ["^https://([^\\s/?#@]+@)?[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)+(:[0-9]+)?([/?#]\\S*)?$"]
    }
    lambda = {
      example  = "arn:${local.partition}:lambda:${local.region}:${local.account_id}:function:triage"
      patterns = ["^arn:${local.partition}:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]+(:[A-Za-z0-9_-]+)?$"]
    }
    sms = {
      example  = "+4915112345678"
      patterns = ["^\\+[1-9][0-9]{6,14}$"]
    }
    sqs = {
      example  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:tickets"
      patterns = ["^arn:${local.partition}:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$"]
    }
  }

  subscriptions = {
    for name, subscription in var.subscriptions : name => {
      protocol             = lookup(subscription, "protocol", null)
      endpoint             = lookup(subscription, "endpoint", null)
      filter_policy        = lookup(subscription, "filter_policy", null)
      filter_policy_scope  = coalesce(lookup(subscription, "filter_policy_scope", null), local.filter_scopes[0])
      raw_message_delivery = coalesce(lookup(subscription, "raw_message_delivery", null), "false")
    }
  }

  # Equal texts mean the same subscriber. The case of an e-mail address does not matter.
  subscribers = {
    for name, subscription in local.subscriptions : name => join(" ", [
      coalesce(subscription.protocol, "-"),
      subscription.protocol == "email"
      ? lower(coalesce(subscription.endpoint, name)) : coalesce(subscription.endpoint, name),
    ])
  }

  # The first is the default. EventBridge and CloudWatch set no message attributes. The body of a digest's e-mail is not
  # JSON.
  filter_scopes = compact([
    var.digest_window_seconds == null ? "MessageBody" : "",
    var.digest_window_seconds != null || var.report != null ? "MessageAttributes" : "",
  ])
  filter_example = var.digest_window_seconds == null ? "{ verdict = [\"NON_COMPLIANT\"] }" : (
    "{ verdicts = [\"NON_COMPLIANT\"] }"
  )

  # The keys that a message can have. A filter on another key would let nothing pass.
  # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
  digest_attributes = ["accounts", "kind", "regions", "rules", "verdicts"]
  alarm_fields = [
    "AWSAccountId", "AlarmActions", "AlarmArn", "AlarmConfigurationUpdatedTimestamp", "AlarmDescription", "AlarmName",
    "InsufficientDataActions", "NewStateReason", "NewStateValue", "OKActions", "OldStateValue", "Region",
    "StateChangeTime", "Trigger",
  ]
  report_fields = ["accounts", "counts", "kind", "last_report", "part", "parts", "scheduled_time", "summary"]
  filter_keys = {
    MessageAttributes = local.digest_attributes
    MessageBody = concat(
      sort(var.message_fields),
      var.report != null ? local.report_fields : [],
      var.alarm_topic_arns == null ? local.alarm_fields : [],
    )
  }

  # https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html and the pages beside it.
  filter_operators = ["anything-but", "cidr", "equals-ignore-case", "exists", "numeric", "prefix", "suffix"]

  # A report is always about NON_COMPLIANT, even if notify_on does not contain it.
  verdicts = setunion(var.verdicts, var.report == null ? [] : ["NON_COMPLIANT"])

  filter_policies = {
    for name, subscription in local.subscriptions : name => try(merge({}, jsondecode(subscription.filter_policy)), {})
  }

  # Each key of a filter policy with its conditions, including the keys inside $or.
  filters = {
    for name, policy in local.filter_policies : name => flatten([
      for alternative in concat([policy], try(concat(policy["$or"], []), [])) : [
        for key, conditions in try(merge({}, alternative), {}) : { key = key, conditions = conditions } if key != "$or"
      ]
    ])
  }
}

resource "aws_sns_topic_subscription" "email" {
  for_each = var.notification_emails

  topic_arn      = aws_sns_topic.this[0].arn
  protocol       = "email"
  endpoint       = each.key
  redrive_policy = jsonencode({ deadLetterTargetArn = module.failures.queue_arns["deliveries"] })

  lifecycle {
    create_before_destroy = true # like the topic

    precondition {
      condition = alltrue([for pattern in local.endpoints.email.patterns : can(regex(pattern, each.key))])
      error_message = join(" ", [
        "notification_emails must hold plain e-mail addresses such as \"security@example.com\";",
        "invalid: ${jsonencode(each.key)}.",
      ])
    }

    precondition {
      condition = !anytrue([
        for address in var.notification_emails : lower(address) == lower(each.key) if address != each.key
      ])
      error_message = join(" ", [
        "notification_emails must hold an address once, such as \"${lower(each.key)}\", whatever its case: each",
        "notification would arrive twice; invalid: ${jsonencode(each.key)}.",
      ])
    }
  }
}

resource "aws_sns_topic_subscription" "others" {
  for_each = local.subscriptions

  topic_arn            = aws_sns_topic.this[0].arn
  protocol             = each.value.protocol
  endpoint             = each.value.endpoint
  raw_message_delivery = each.value.raw_message_delivery
  filter_policy        = each.value.filter_policy
  filter_policy_scope  = each.value.filter_policy == null ? null : each.value.filter_policy_scope
  redrive_policy       = jsonencode({ deadLetterTargetArn = module.failures.queue_arns["deliveries"] })

  lifecycle {
    create_before_destroy = true # like the topic

    precondition {
      condition = contains(keys(local.endpoints), coalesce(each.value.protocol, "-"))
      error_message = join(" ", [
        "subscriptions.${each.key} must have one of the protocols ${join(", ", keys(local.endpoints))}, such as",
        "{ protocol = \"https\", endpoint = \"${local.endpoints.https.example}\" }. SNS would",
        "deliver to \"http\" without TLS.",
      ])
    }

    precondition {
      condition = alltrue([
        for pattern in try(local.endpoints[each.value.protocol].patterns, []) : can(regex(pattern, each.value.endpoint))
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} must have an endpoint that fits the protocol, such as",
        "\"${try(local.endpoints[each.value.protocol].example, "")}\". Topics and queues that end in .fifo don't fit.",
      ])
    }

    # SNS sends nothing before the endpoint confirms the subscription. The webhook of a chat never confirms:
    # https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.confirm.html
    precondition {
      condition = !can(regex(
        "^https://([a-z0-9-]+\\.)*(slack|office|discord|discordapp|chat\\.googleapis)\\.com/", each.value.endpoint
      ))
      error_message = join(" ", [
        "subscriptions.${each.key} has the webhook of a chat, which does not confirm subscriptions, so that nothing",
        "would arrive. Set chat for Slack and Microsoft Teams, or let a function post to it, such as",
        "{ protocol = \"lambda\", endpoint = \"${local.endpoints.lambda.example}\" }.",
      ])
    }

    precondition {
      condition = !anytrue([
        for name, subscriber in local.subscribers : subscriber == local.subscribers[each.key] if name != each.key
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} has the protocol and endpoint of another subscription, of which SNS makes one. Give",
        "one a filter_policy that selects what both select, such as jsonencode(${local.filter_example}).",
      ])
    }

    precondition {
      condition = !anytrue([
        for address in var.notification_emails : "email ${lower(address)}" == local.subscribers[each.key]
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} has an address that notification_emails has too. Name it once: in subscriptions",
        "if it has a filter, such as { protocol = \"email\", endpoint = \"audit@example.com\", filter_policy = … }.",
      ])
    }

    precondition {
      condition = !var.chat || coalesce(each.value.protocol, "-") != "https"
      error_message = join(" ", [
        "subscriptions.${each.key} can't have the protocol https together with chat, because HTTPS then carries what",
        "Amazon Q Developer shows. Subscribe a queue or a function, such as { protocol = \"sqs\", endpoint =",
        "\"${local.endpoints.sqs.example}\" }, which gets the document.",
      ])
    }

    precondition {
      condition = each.value.raw_message_delivery == "false" || (
        each.value.raw_message_delivery == "true" && contains(["https", "sqs"], coalesce(each.value.protocol, "-"))
      )
      error_message = join(" ", [
        "subscriptions.${each.key} can have raw_message_delivery = true with the protocols https and sqs only: SNS",
        "delivers to the others in one form, such as the text of an e-mail.",
      ])
    }

    precondition {
      condition = each.value.filter_policy == null || length(local.filters[each.key]) > 0
      error_message = join(" ", [
        "subscriptions.${each.key} must have a filter_policy that is a JSON object with a key, such as",
        "jsonencode(${local.filter_example}). Leave it out to get everything.",
      ])
    }

    precondition {
      condition = each.value.filter_policy == null || contains(local.filter_scopes, each.value.filter_policy_scope)
      error_message = join(" ", var.digest_window_seconds == null ? [
        "subscriptions.${each.key} can filter on message attributes only with digest_window_seconds or",
        "report_schedule, because EventBridge sets no message attributes and nothing would arrive. Leave",
        "filter_policy_scope out, and filter on fields, such as",
        "filter_policy = jsonencode(${local.filter_example}).",
        ] : [
        "subscriptions.${each.key} can filter a digest on its message attributes only, because the text of an e-mail",
        "is no JSON. Leave filter_policy_scope out, and filter on attributes, such as",
        "filter_policy = jsonencode(${local.filter_example}).",
      ])
    }

    precondition {
      condition = anytrue([
        var.report == null, var.digest_window_seconds != null, each.value.filter_policy == null,
        each.value.filter_policy_scope != "MessageBody",
        !contains(["email", "sms"], coalesce(each.value.protocol, "-")),
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} can't filter on the body of the message with report_schedule, because the text of a",
        "report is no JSON and no report would arrive. Set digest_window_seconds, such as 60, and filter on message",
        "attributes, or leave filter_policy out. To get nothing but reports, set filter_policy_scope =",
        "\"MessageAttributes\" and filter_policy = jsonencode({ kind = [\"report\"] }).",
      ])
    }

    # A wrong scope is the other precondition's error, so do not report its keys here, too.
    precondition {
      condition = !contains(local.filter_scopes, each.value.filter_policy_scope) || alltrue([
        for filter in local.filters[each.key] :
        contains(try(local.filter_keys[each.value.filter_policy_scope], []), filter.key)
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} filters on keys that no message has, so that nothing would arrive. Filter on",
        "${join(", ", try(local.filter_keys[each.value.filter_policy_scope], []))}, such as",
        "jsonencode(${local.filter_example}).",
      ])
    }

    # Only Trigger, a field of alarms, has nested fields.
    precondition {
      condition = alltrue([
        for filter in local.filters[each.key] : try(length(filter.conditions) > 0 && alltrue([
          for condition in concat(filter.conditions, []) :
          can(tostring(condition)) || try(contains(local.filter_operators, one(keys(condition))), false)
        ]), false) if filter.key != "Trigger"
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} must filter each key by a list of values or of operators with one name each, such",
        "as jsonencode(${local.filter_example}). SNS has the operators ${join(", ", local.filter_operators)}.",
      ])
    }

    precondition {
      condition = alltrue([
        for filter in local.filters[each.key] : try(length(filter.conditions) == 0 || anytrue([
          for condition in concat(filter.conditions, []) :
          can(keys(condition)) ? true : contains(local.verdicts, condition)
        ]), true) if contains(["verdict", "verdicts"], filter.key)
      ])
      error_message = join(" ", [
        "subscriptions.${each.key} filters on verdicts that are not notified, so that nothing would arrive. Filter on",
        "some of ${join(", ", sort(local.verdicts))}, such as jsonencode(${local.filter_example}).",
      ])
    }

    # https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
    precondition {
      condition = length(local.filters[each.key]) <= 5 && try(
        pow(2, sum([for filter in local.filters[each.key] : log(length(filter.conditions), 2)])) < 150.5, true
      )
      error_message = join(" ", [
        "subscriptions.${each.key} must have a filter_policy of at most five keys, whose numbers of values make at",
        "most 150 when they are multiplied. Take an operator, such as jsonencode({ account = [{ prefix = \"1\" }] }).",
      ])
    }
  }
}
