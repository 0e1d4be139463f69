"""What somebody may change without silencing the monitor: neither denied by the service control policy nor watched.

Each is an action on one of the monitor's resources, or on AWS Config as a whole.
"""

_BY_REASON = {
    "Tags decide nothing here, unless your own policies ask for them.": """
        cloudwatch:TagResource cloudwatch:UntagResource config:TagResource config:UntagResource dynamodb:TagResource
        dynamodb:UntagResource events:TagResource events:UntagResource iam:TagRole iam:UntagRole kms:TagResource
        kms:UntagResource lambda:TagResource lambda:UntagResource logs:TagLogGroup logs:TagResource logs:UntagLogGroup
        logs:UntagResource scheduler:TagResource scheduler:UntagResource sns:TagResource sns:UntagResource sqs:TagQueue
        sqs:UntagQueue
    """,
    "It creates what exists already: AWS refuses it, or changes nothing.": """
        dynamodb:CreateTable dynamodb:ImportTable dynamodb:RestoreTableFromAwsBackup dynamodb:RestoreTableFromBackup
        dynamodb:RestoreTableToPointInTime lambda:CreateFunction logs:CreateLogGroup scheduler:CreateScheduleGroup
        sns:CreateTopic sqs:CreateQueue
    """,
    "It switches on, or restores.": """
        cloudwatch:EnableAlarmActions config:StartConfigurationRecorder events:EnableRule kms:CancelKeyDeletion
        kms:EnableKey kms:EnableKeyRotation logs:DeleteDataProtectionPolicy
    """,
    "It uses the key and does not change it.": """
        kms:Decapsulate kms:Decrypt kms:DeriveSharedSecret kms:Encapsulate kms:Encrypt kms:GenerateDataKey
        kms:GenerateDataKeyPair kms:GenerateDataKeyPairWithoutPlaintext kms:GenerateDataKeyWithoutPlaintext
        kms:GenerateMac kms:ReEncryptFrom kms:ReEncryptTo kms:Sign kms:Verify kms:VerifyMac
    """,
    "The key still encrypts and decrypts for EventBridge, SNS and CloudWatch, whom its own policy admits.": """
        kms:CreateAlias kms:CreateGrant kms:DisableKeyRotation kms:RetireGrant kms:RevokeGrant kms:RotateKeyOnDemand
        kms:UpdateKeyDescription
    """,
    "It is for a key of several regions or with imported material, and the module's is neither.": """
        kms:DeleteImportedKeyMaterial kms:ImportKeyMaterial kms:ReplicateKey kms:SynchronizeMultiRegionKey
        kms:UpdatePrimaryRegion
    """,
    "AWS Config evaluates once more, and the verdict is the same.": "config:StartConfigRulesEvaluation",
    "It needs a result token, and tokens are in no log.": "config:PutEvaluations",
    "It is for rules that are process checks, and the module's is none.": "config:PutExternalEvaluation",
    "It concerns another part of AWS Config: aggregators, remediation, proactive evaluation, custom types.": """
        config:DeletePendingAggregationRequest config:DeleteRemediationExceptions config:DeleteResourceConfig
        config:PutRemediationExceptions config:PutResourceConfig config:StartRemediationExecution
        config:StartResourceEvaluation
    """,
    "It is for a recorder of another service, and rules need the customer managed one.": """
        config:DeleteServiceLinkedConfigurationRecorder config:PutServiceLinkedConfigurationRecorder
    """,
    "It decides where and for how long AWS Config keeps history. The recorder still records.": """
        config:DeleteRetentionConfiguration config:PutDeliveryChannel config:PutRetentionConfiguration
    """,
    "It changes what a role is called or how long its sessions last, or allows it more.": """
        iam:DeleteRolePermissionsBoundary iam:UpdateRole iam:UpdateRoleDescription
    """,
    "It is for a service-linked role.": "iam:CreateServiceLinkedRole iam:DeleteServiceLinkedRole",
    "AWS Config and the queue invoke the function itself, not a version, an alias, a URL or a replica.": """
        lambda:CreateAlias lambda:CreateFunctionUrlConfig lambda:DisableReplication lambda:EnableReplication
        lambda:PublishVersion
    """,
    "It copies the log elsewhere, or stops that. The metric filters read the log group.": """
        logs:CreateExportTask logs:CreateLogAnomalyDetector logs:DeleteSubscriptionFilter
        logs:DeleteSyslogConfiguration logs:IntegrateWithDataset logs:IntegrateWithS3Table logs:ProcessWithPipeline
        logs:PutBearerTokenAuthentication logs:PutSubscriptionFilter logs:PutSyslogConfiguration
    """,
    "A metric filter reads the event as it came, unless it asks for the transformed one.": """
        logs:DeleteTransformer logs:PutTransformer
    """,
    "It decides for how long the log is kept and under which key. Terraform shows it in the next plan.": """
        logs:DeleteRetentionPolicy logs:DisassociateKmsKey logs:PutLogGroupDeletionProtection logs:PutRetentionPolicy
    """,
    "It copies the table elsewhere, or stops that. The reporter reads the table of its own region.": """
        dynamodb:AssociateTableReplica dynamodb:CreateBackup dynamodb:CreateGlobalTable
        dynamodb:CreateGlobalTableWitness dynamodb:CreateTableReplica dynamodb:DisableKinesisStreamingDestination
        dynamodb:DisassociateTableReplica dynamodb:EnableKinesisStreamingDestination dynamodb:ExportTableToPointInTime
        dynamodb:ReplicateSettings dynamodb:StartAwsBackupJob
    """,
    "It adds a schedule and changes none, and would need to pass a role.": "scheduler:CreateSchedule",
    "It adds a subscriber and takes none away.": "sns:ConfirmSubscription sns:Subscribe",
    "It needs sqs:ReceiveMessage and sqs:DeleteMessage on the queue, which are denied.": "sqs:StartMessageMoveTask",
    "The dead letters stay where they are.": "sqs:CancelMessageMoveTask",
}

REVIEWED = {action: reason for reason, actions in _BY_REASON.items() for action in actions.split()}
