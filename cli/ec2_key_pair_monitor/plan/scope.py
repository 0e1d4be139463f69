"""The resources that launch instances, but are not judged: in AWS's own accounts, or with data that no plan shows."""

from collections.abc import Mapping
from typing import Any

_OWNED_BY_AWS = "Its instances run in AWS's own accounts."
_NOT_SHOWN = "What it launches is not in the plan."

_REASONS = {
    "aws_appstream_fleet": _OWNED_BY_AWS,
    "aws_appstream_image_builder": _OWNED_BY_AWS,
    "aws_cloud9_environment_ec2": "AWS Cloud9 launches its instance itself, without a key pair to choose.",
    "aws_cloudcontrolapi_resource": _NOT_SHOWN,
    "aws_cloudformation_stack": _NOT_SHOWN,
    "aws_cloudformation_stack_instances": _NOT_SHOWN,
    "aws_cloudformation_stack_set": _NOT_SHOWN,
    "aws_cloudformation_stack_set_instance": _NOT_SHOWN,
    "aws_cloudsearch_domain": _OWNED_BY_AWS,
    "aws_codebuild_fleet": _OWNED_BY_AWS,
    "aws_dax_cluster": _OWNED_BY_AWS,
    "aws_db_instance": _OWNED_BY_AWS,
    "aws_dms_replication_instance": _OWNED_BY_AWS,
    "aws_docdb_cluster_instance": _OWNED_BY_AWS,
    "aws_ecs_capacity_provider": "Its Auto Scaling group is judged.",
    "aws_elasticache_cluster": _OWNED_BY_AWS,
    "aws_elasticache_replication_group": _OWNED_BY_AWS,
    "aws_elasticsearch_domain": _OWNED_BY_AWS,
    "aws_gamelift_fleet": _OWNED_BY_AWS,
    "aws_lightsail_instance": _OWNED_BY_AWS,
    "aws_m2_environment": _OWNED_BY_AWS,
    "aws_memorydb_cluster": _OWNED_BY_AWS,
    "aws_mq_broker": _OWNED_BY_AWS,
    "aws_msk_cluster": _OWNED_BY_AWS,
    "aws_neptune_cluster_instance": _OWNED_BY_AWS,
    "aws_opensearch_domain": _OWNED_BY_AWS,
    "aws_opsworks_instance": "AWS OpsWorks Stacks has ended.",
    "aws_rds_cluster_instance": _OWNED_BY_AWS,
    "aws_redshift_cluster": _OWNED_BY_AWS,
    "aws_sagemaker_app": _OWNED_BY_AWS,
    "aws_sagemaker_endpoint": _OWNED_BY_AWS,
    "aws_sagemaker_endpoint_configuration": _OWNED_BY_AWS,
    "aws_sagemaker_notebook_instance": _OWNED_BY_AWS,
    "aws_serverlessapplicationrepository_cloudformation_stack": _NOT_SHOWN,
    "aws_servicecatalog_provisioned_product": _NOT_SHOWN,
    "aws_timestreaminfluxdb_db_instance": _OWNED_BY_AWS,
    "aws_workspaces_workspace": _OWNED_BY_AWS,
    "awscc_autoscaling_auto_scaling_group": "The Cloud Control provider is not judged.",
    "awscc_autoscaling_launch_configuration": "The Cloud Control provider is not judged.",
    "awscc_batch_compute_environment": "The Cloud Control provider is not judged.",
    "awscc_ec2_ec2_fleet": "The Cloud Control provider is not judged.",
    "awscc_ec2_instance": "The Cloud Control provider is not judged.",
    "awscc_ec2_launch_template": "The Cloud Control provider is not judged.",
    "awscc_ec2_spot_fleet": "The Cloud Control provider is not judged.",
    "awscc_eks_nodegroup": "The Cloud Control provider is not judged.",
    "awscc_emr_cluster": "The Cloud Control provider is not judged.",
}


def out_of_scope(change: Mapping[str, Any]) -> str | None:
    """Return why a changed resource is not judged although it launches instances, or None if it launches none."""
    inner = change["change"]
    if "create" not in inner["actions"] and "update" not in inner["actions"]:
        return None
    if change["type"] == "aws_eks_cluster":
        blocks = (inner.get("after") or {}).get("compute_config")
        marks = (inner.get("after_unknown") or {}).get("compute_config")
        is_auto = isinstance(blocks, list) and any(isinstance(each, dict) and each.get("enabled") for each in blocks)
        may_be = isinstance(marks, list) and any(isinstance(each, dict) and each.get("enabled") for each in marks)
        return "EKS Auto Mode launches its nodes itself, without a key pair." if is_auto or may_be else None
    if change["type"] == "aws_ecs_capacity_provider" and (inner.get("after") or {}).get("managed_instances_provider"):
        return "Amazon ECS launches its managed instances itself, without a key pair."
    return _REASONS.get(change["type"])
