"""rdklib, AWS's library for custom rules, with its default of assuming the rule's role."""

from rdklib import ComplianceType, ConfigRule, Evaluation, Evaluator


def verdict(key_name):
    return ComplianceType.COMPLIANT if key_name else ComplianceType.NON_COMPLIANT


class KeyPair(ConfigRule):
    def evaluate_change(self, event, client_factory, configuration_item, valid_rule_parameters):
        return [Evaluation(verdict(configuration_item["configuration"].get("keyName")))]

    def evaluate_periodic(self, event, client_factory, valid_rule_parameters):
        pages = client_factory.build_client("ec2").get_paginator("describe_instances").paginate()
        return [
            Evaluation(verdict(instance.get("KeyName")), instance["InstanceId"], "AWS::EC2::Instance")
            for page in pages
            for reservation in page["Reservations"]
            for instance in reservation["Instances"]
        ]


def lambda_handler(event, context):
    return Evaluator(KeyPair(), ["AWS::EC2::Instance"]).handle(event, context)
