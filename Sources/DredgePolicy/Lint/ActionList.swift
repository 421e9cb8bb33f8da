// Made by Scripts/make_action_list.py; don't edit.

/// The actions of each service, separated by blanks and newlines. Behind one stands `*` where it is about no
/// resource, `:b` where it is about S3 buckets, `:o` where it is about S3 objects.
enum ActionList {
    static let services: [(prefix: String, actions: String)] = [
        (
            "glue",
            """
            AccessDataQualityRuntimeConfiguration* AuthorizeInboundIntegration BatchCreatePartition
            BatchDeleteConnection BatchDeletePartition BatchDeleteTable BatchDeleteTableVersion BatchGetBlueprints
            BatchGetCrawlers BatchGetCustomEntityTypes* BatchGetDevEndpoints BatchGetJobs BatchGetPartition
            BatchGetStageFiles* BatchGetTableOptimizer BatchGetTriggers BatchGetWorkflows BatchStopJobRun
            BatchUpdatePartition CancelDataQualityRuleRecommendationRun CancelDataQualityRulesetEvaluationRun
            CancelMLTaskRun CancelStatement CheckSchemaVersionValidity* CreateBlueprint CreateCatalog CreateClassifier*
            CreateColumnStatisticsTaskSettings CreateConnection CreateCrawler* CreateCustomEntityType*
            CreateDataQualityRuleset* CreateDatabase CreateDevEndpoint* CreateGlueIdentityCenterConfiguration*
            CreateInboundIntegration* CreateIntegration CreateIntegrationResourceProperty
            CreateIntegrationTableProperties CreateJob CreateMLTransform* CreatePartition CreatePartitionIndex
            CreateRegistry CreateSchema CreateScript* CreateSecurityConfiguration* CreateSession CreateTable
            CreateTableOptimizer CreateTrigger CreateUsageProfile CreateUserDefinedFunction CreateWorkflow
            DeleteBlueprint DeleteCatalog DeleteClassifier* DeleteColumnStatisticsForPartition
            DeleteColumnStatisticsForTable DeleteColumnStatisticsTaskSettings DeleteConnection DeleteConnectionType
            DeleteCrawler DeleteCustomEntityType* DeleteDataQualityRuleset DeleteDatabase DeleteDevEndpoint
            DeleteGlueIdentityCenterConfiguration* DeleteIntegration DeleteIntegrationResourceProperty
            DeleteIntegrationTableProperties DeleteJob DeleteMLTransform DeletePartition DeletePartitionIndex
            DeleteRegistry DeleteResourcePolicy DeleteSchema DeleteSchemaVersions DeleteSecurityConfiguration*
            DeleteSession DeleteTable DeleteTableOptimizer DeleteTableVersion DeleteTrigger DeleteUsageProfile
            DeleteUserDefinedFunction DeleteWorkflow DeregisterDataPreview* DescribeConnectionType DescribeEntity
            DescribeInboundIntegrations* DescribeIntegrations FederateAuthorization GetBlueprint GetBlueprintRun
            GetBlueprintRuns GetCatalog GetCatalogImportStatus GetCatalogs GetClassifier* GetClassifiers*
            GetColumnStatisticsForPartition GetColumnStatisticsForTable GetColumnStatisticsTaskRun*
            GetColumnStatisticsTaskRuns* GetColumnStatisticsTaskSettings* GetCompletion GetConnection GetConnections
            GetCrawler GetCrawlerMetrics* GetCrawlers* GetCustomEntityType* GetDashboardUrl
            GetDataCatalogEncryptionSettings GetDataPreviewStatement* GetDataQualityModel GetDataQualityModelResult
            GetDataQualityResult GetDataQualityRuleRecommendationRun GetDataQualityRuleset
            GetDataQualityRulesetEvaluationRun GetDatabase GetDatabases GetDataflowGraph* GetDevEndpoint
            GetDevEndpoints* GetEntityRecords GetEnvironment* GetExecutors* GetExecutorsThreads* GetGeneratedCode*
            GetGlueIdentityCenterConfiguration* GetIntegrationResourceProperty GetIntegrationTableProperties GetJob
            GetJobBookmark* GetJobRun GetJobRuns GetJobUpgradeAnalysis GetJobs* GetLogParsingStatus* GetMLTaskRun
            GetMLTaskRuns GetMLTransform GetMLTransforms GetMapping* GetNotebookInstanceStatus* GetPartition
            GetPartitionIndexes GetPartitions GetPlan* GetQueries* GetQuery* GetRecipeAction* GetRegistry
            GetResourcePolicies GetResourcePolicy GetSchema GetSchemaByDefinition GetSchemaVersion GetSchemaVersionsDiff
            GetSecurityConfiguration* GetSecurityConfigurations* GetSession GetSessionEndpoint GetStage*
            GetStageAttempt* GetStageAttemptTaskList* GetStageAttemptTaskSummary* GetStageFiles* GetStatement
            GetStorage* GetStorageUnit* GetSystemLogsForJobRun GetSystemLogsForSession GetTable GetTableOptimizer
            GetTableVersion GetTableVersions GetTables GetTags GetTrigger GetTriggers* GetUsageProfile
            GetUserDefinedFunction GetUserDefinedFunctions GetWorkflow GetWorkflowRun GetWorkflowRunProperties
            GetWorkflowRuns Getstages* GlueNotebookAuthorize* GlueNotebookRefreshCredentials* ImportCatalogToGlue
            ListBlueprints* ListColumnStatisticsTaskRuns* ListConnectionTypes* ListCrawlers* ListCrawls
            ListCustomEntityTypes* ListDataQualityResults ListDataQualityRuleRecommendationRuns
            ListDataQualityRulesetEvaluationRuns ListDataQualityRulesets ListDevEndpoints* ListEntities
            ListIntegrationResourceProperties ListJobUpgradeAnalyses ListJobs* ListMLTransforms ListRegistries*
            ListSchemaVersions ListSchemas ListSessions* ListStatements ListTableOptimizerRuns ListTriggers*
            ListUsageProfiles* ListWorkflows* ManagedConnector* ModifyIntegration Notifyevent PassConnection
            PublishDataQuality PutDataCatalogEncryptionSettings PutDataQualityProfileAnnotation
            PutDataQualityStatisticAnnotation PutResourcePolicy PutSchemaVersionMetadata PutWorkflowRunProperties
            QuerySchemaVersionMetadata RefreshOAuth2Tokens RegisterConnectionType RegisterSchemaVersion
            RemoveSchemaVersionMetadata RenameTable RequestLogParsing* ResetJobBookmark* ResumeWorkflowRun
            RunDataPreviewStatement* RunStatement SearchTables SendRecipeAction* Sendfeedback* StartBlueprintRun
            StartColumnStatisticsTaskRun StartColumnStatisticsTaskRunSchedule StartCompletion* StartCrawler
            StartCrawlerSchedule* StartDataQualityRuleRecommendationRun StartDataQualityRulesetEvaluationRun
            StartExportLabelsTaskRun StartImportLabelsTaskRun StartJobRun StartJobUpgradeAnalysis
            StartMLEvaluationTaskRun StartMLLabelingSetGenerationTaskRun StartNotebook* StartTrigger StartWorkflowRun
            StopColumnStatisticsTaskRun StopColumnStatisticsTaskRunSchedule StopCrawler StopCrawlerSchedule*
            StopJobUpgradeAnalysis StopSession StopTrigger StopWorkflowRun TagResource TerminateNotebook* TestConnection
            UntagResource UpdateBlueprint UpdateCatalog UpdateClassifier* UpdateColumnStatisticsForPartition
            UpdateColumnStatisticsForTable UpdateColumnStatisticsTaskSettings UpdateConnection UpdateCrawler
            UpdateCrawlerSchedule* UpdateDataQualityRuleset UpdateDatabase UpdateDevEndpoint
            UpdateGlueIdentityCenterConfiguration* UpdateIntegrationResourceProperty UpdateIntegrationTableProperties
            UpdateJob UpdateJobFromSourceControl UpdateMLTransform UpdatePartition UpdateRegistry UpdateSchema
            UpdateSourceControlFromJob UpdateTable UpdateTableOptimizer UpdateTrigger UpdateUsageProfile
            UpdateUserDefinedFunction UpdateWorkflow UpgradeJob UseGlueStudio* UseMLTransforms
            """
        ),
        (
            "iam",
            """
            AcceptDelegationRequest AddClientIDToOpenIDConnectProvider AddRoleToInstanceProfile AddUserToGroup
            AssociateDelegationRequest AttachGroupPolicy AttachRolePolicy AttachUserPolicy ChangePassword
            CreateAccessKey CreateAccountAlias* CreateDelegationRequest CreateGroup CreateInstanceProfile
            CreateLoginProfile CreateOpenIDConnectProvider CreatePolicy CreatePolicyVersion CreateRole
            CreateSAMLProvider CreateServiceLinkedRole CreateServiceSpecificCredential CreateUser CreateVirtualMFADevice
            DeactivateMFADevice DeleteAccessKey DeleteAccountAlias* DeleteAccountPasswordPolicy*
            DeleteCloudfrontPublicKey* DeleteGroup DeleteGroupPolicy DeleteInstanceProfile DeleteLoginProfile
            DeleteOpenIDConnectProvider DeletePolicy DeletePolicyVersion DeleteRole DeleteRolePermissionsBoundary
            DeleteRolePolicy DeleteSAMLProvider DeleteSSHPublicKey DeleteServerCertificate DeleteServiceLinkedRole
            DeleteServiceSpecificCredential DeleteSigningCertificate DeleteUser DeleteUserPermissionsBoundary
            DeleteUserPolicy DeleteVirtualMFADevice DetachGroupPolicy DetachRolePolicy DetachUserPolicy
            DisableOrganizationsRootCredentialsManagement* DisableOrganizationsRootSessions*
            DisableOutboundWebIdentityFederation* EnableMFADevice EnableOrganizationsRootCredentialsManagement*
            EnableOrganizationsRootSessions* EnableOutboundWebIdentityFederation* GenerateCredentialReport*
            GenerateOrganizationsAccessReport GenerateServiceLastAccessedDetails GetAccessKeyLastUsed
            GetAccountAuthorizationDetails* GetAccountEmailAddress* GetAccountName* GetAccountPasswordPolicy*
            GetAccountProperties* GetAccountSummary* GetCloudfrontPublicKey* GetContextKeysForCustomPolicy*
            GetContextKeysForPrincipalPolicy GetCredentialReport* GetDelegationRequest GetGroup GetGroupPolicy
            GetHumanReadableSummary GetInstanceProfile GetLoginProfile GetMFADevice GetOpenIDConnectProvider
            GetOrganizationsAccessReport* GetOutboundWebIdentityFederationInfo* GetPolicy GetPolicyVersion GetRole
            GetRolePolicy GetRoleTemplateVersion GetSAMLProvider GetSSHPublicKey GetServerCertificate
            GetServiceLastAccessedDetails* GetServiceLastAccessedDetailsWithEntities* GetServiceLinkedRoleDeletionStatus
            GetUser GetUserPolicy ListAccessKeys ListAccountAliases* ListAttachedGroupPolicies ListAttachedRolePolicies
            ListAttachedUserPolicies ListCloudfrontPublicKeys* ListDelegationRequests* ListEntitiesForPolicy
            ListGroupPolicies ListGroups* ListGroupsForUser ListInstanceProfileTags ListInstanceProfiles*
            ListInstanceProfilesForRole ListMFADeviceTags ListMFADevices ListOpenIDConnectProviderTags
            ListOpenIDConnectProviders* ListOrganizationsFeatures* ListPolicies* ListPoliciesGrantingServiceAccess
            ListPolicyTags ListPolicyVersions ListRolePolicies ListRoleTags ListRoles* ListSAMLProviderTags
            ListSAMLProviders* ListSSHPublicKeys ListServerCertificateTags ListServerCertificates*
            ListServiceSpecificCredentials ListSigningCertificates ListStsRegionalEndpointsStatus* ListUserPolicies
            ListUserTags ListUsers* ListVirtualMFADevices* PassRole PutAccountProperties* PutGroupPolicy
            PutRolePermissionsBoundary PutRolePolicy PutUserPermissionsBoundary PutUserPolicy RejectDelegationRequest
            RemoveClientIDFromOpenIDConnectProvider RemoveRoleFromInstanceProfile RemoveUserFromGroup
            ResetServiceSpecificCredential ResyncMFADevice SendDelegationToken SetDefaultPolicyVersion
            SetSecurityTokenServicePreferences* SetStsRegionalEndpointStatus* SimulateCustomPolicy*
            SimulatePrincipalPolicy TagInstanceProfile TagMFADevice TagOpenIDConnectProvider TagPolicy TagRole
            TagSAMLProvider TagServerCertificate TagUser UntagInstanceProfile UntagMFADevice UntagOpenIDConnectProvider
            UntagPolicy UntagRole UntagSAMLProvider UntagServerCertificate UntagUser UpdateAccessKey
            UpdateAccountEmailAddress* UpdateAccountName* UpdateAccountPasswordPolicy* UpdateAssumeRolePolicy
            UpdateCloudfrontPublicKey* UpdateGroup UpdateLoginProfile UpdateOpenIDConnectProviderThumbprint UpdateRole
            UpdateRoleDescription UpdateSAMLProvider UpdateSSHPublicKey UpdateServerCertificate
            UpdateServiceSpecificCredential UpdateSigningCertificate UpdateUser UploadCloudfrontPublicKey*
            UploadSSHPublicKey UploadServerCertificate UploadSigningCertificate
            """
        ),
        (
            "kms",
            """
            CancelKeyDeletion ConnectCustomKeyStore* CreateAlias CreateCustomKeyStore* CreateGrant CreateKey* Decrypt
            DeleteAlias DeleteCustomKeyStore* DeleteImportedKeyMaterial DeriveSharedSecret DescribeCustomKeyStores*
            DescribeKey DisableKey DisableKeyRotation DisconnectCustomKeyStore* EnableKey EnableKeyRotation Encrypt
            GenerateDataKey GenerateDataKeyPair GenerateDataKeyPairWithoutPlaintext GenerateDataKeyWithoutPlaintext
            GenerateMac GenerateRandom* GetKeyLastUsage GetKeyPolicy GetKeyRotationStatus GetParametersForImport
            GetPublicKey ImportKeyMaterial ListAliases* ListGrants ListKeyPolicies ListKeyRotations ListKeys*
            ListResourceTags ListRetirableGrants* PutKeyPolicy ReEncryptFrom ReEncryptTo ReplicateKey RetireGrant
            RevokeGrant RotateKeyOnDemand ScheduleKeyDeletion Sign SynchronizeMultiRegionKey TagResource UntagResource
            UpdateAlias UpdateCustomKeyStore* UpdateKeyDescription UpdatePrimaryRegion Verify VerifyMac
            """
        ),
        (
            "redshift",
            """
            AcceptReservedNodeExchange* AddPartner* AssociateDataShareConsumer AuthorizeClusterSecurityGroupIngress
            AuthorizeDataShare AuthorizeEndpointAccess AuthorizeInboundIntegration AuthorizeSnapshotAccess
            BatchDeleteClusterSnapshots BatchModifyClusterSnapshots CancelQuery* CancelQuerySession CancelResize
            CopyClusterSnapshot CreateAuthenticationProfile* CreateCluster CreateClusterParameterGroup
            CreateClusterSecurityGroup CreateClusterSnapshot CreateClusterSubnetGroup CreateClusterUser
            CreateCustomDomainAssociation CreateEndpointAccess CreateEventSubscription CreateHsmClientCertificate
            CreateHsmConfiguration CreateInboundIntegration CreateIntegration CreateQev2IdcApplication*
            CreateRedshiftIdcApplication* CreateSavedQuery* CreateScheduledAction* CreateSnapshotCopyGrant
            CreateSnapshotSchedule CreateTags CreateUsageLimit DeauthorizeDataShare DeleteAuthenticationProfile*
            DeleteCluster DeleteClusterParameterGroup DeleteClusterSecurityGroup DeleteClusterSnapshot
            DeleteClusterSubnetGroup DeleteCustomDomainAssociation DeleteEndpointAccess* DeleteEventSubscription
            DeleteHsmClientCertificate DeleteHsmConfiguration DeleteIntegration DeletePartner DeleteQev2IdcApplication
            DeleteRedshiftIdcApplication DeleteResourcePolicy DeleteSavedQueries* DeleteScheduledAction*
            DeleteSnapshotCopyGrant DeleteSnapshotSchedule DeleteTags DeleteUsageLimit DeregisterNamespace*
            DescribeAccountAttributes* DescribeAuthenticationProfiles* DescribeAutonomicsDenyList
            DescribeClusterDbRevisions* DescribeClusterParameterGroups* DescribeClusterParameters
            DescribeClusterSecurityGroups* DescribeClusterSnapshots DescribeClusterSubnetGroups* DescribeClusterTracks*
            DescribeClusterVersions* DescribeClusters DescribeCustomDomainAssociations* DescribeDataShares*
            DescribeDataSharesForConsumer* DescribeDataSharesForProducer* DescribeDefaultClusterParameters*
            DescribeEndpointAccess DescribeEndpointAuthorization DescribeEventCategories* DescribeEventSubscriptions*
            DescribeEvents* DescribeHsmClientCertificates* DescribeHsmConfigurations* DescribeInboundIntegrations*
            DescribeIntegrations DescribeLoggingStatus DescribeNodeConfigurationOptions DescribeOrderableClusterOptions*
            DescribePartners DescribeQev2IdcApplications* DescribeQuery* DescribeRedshiftIdcApplications*
            DescribeReservedNodeExchangeStatus* DescribeReservedNodeOfferings* DescribeReservedNodes* DescribeResize
            DescribeSavedQueries* DescribeScheduledActions* DescribeSnapshotCopyGrants* DescribeSnapshotSchedules
            DescribeStorage* DescribeTable* DescribeTableRestoreStatus DescribeTags DescribeUsageLimits DisableLogging
            DisableSnapshotCopy DisassociateDataShareConsumer EnableLogging EnableSnapshotCopy ExecuteQuery*
            FailoverPrimaryCompute Fetchresults* GetClusterCredentials GetClusterCredentialsWithIAM
            GetIdentityCenterAuthToken GetReservedNodeExchangeConfigurationOptions GetReservedNodeExchangeOfferings*
            GetResourcePolicy JoinGroup ListDatabases* ListRecommendations ListSavedQueries* ListSchemas* ListTables*
            ModifyAquaConfiguration ModifyAuthenticationProfile* ModifyAutonomicsDenyList ModifyCluster
            ModifyClusterDbRevision ModifyClusterIamRoles ModifyClusterMaintenance ModifyClusterParameterGroup
            ModifyClusterSnapshot ModifyClusterSnapshotSchedule ModifyClusterSubnetGroup ModifyCustomDomainAssociation
            ModifyEndpointAccess* ModifyEventSubscription ModifyIntegration ModifyLakehouseConfiguration
            ModifyQev2IdcApplication ModifyRedshiftIdcApplication ModifySavedQuery* ModifyScheduledAction*
            ModifySnapshotCopyRetentionPeriod ModifySnapshotSchedule ModifyUsageLimit PauseCluster
            PurchaseReservedNodeOffering* PutResourcePolicy RebootCluster RegisterNamespace* RejectDataShare
            ResetClusterParameterGroup ResizeCluster RestoreFromClusterSnapshot RestoreTableFromClusterSnapshot
            ResumeCluster RevokeClusterSecurityGroupIngress RevokeEndpointAccess RevokeSnapshotAccess
            RotateEncryptionKey UpdatePartnerStatus ViewQueriesFromConsole* ViewQueriesInConsole
            """
        ),
        (
            "redshift-data",
            """
            BatchExecuteStatement CancelStatement* DescribeStatement* DescribeTable ExecuteStatement
            GetStagingBucketLocation GetStatementResult* ListDatabases ListSchemas ListSessions* ListStatements*
            ListTables
            """
        ),
        (
            "redshift-serverless",
            """
            ConvertRecoveryPointToSnapshot CreateCustomDomainAssociation CreateEndpointAccess CreateNamespace
            CreateReservation* CreateScheduledAction CreateSnapshot CreateSnapshotCopyConfiguration CreateUsageLimit*
            CreateWorkgroup DeleteCustomDomainAssociation DeleteEndpointAccess DeleteNamespace DeleteResourcePolicy*
            DeleteScheduledAction* DeleteSnapshot DeleteSnapshotCopyConfiguration* DeleteUsageLimit* DeleteWorkgroup
            DescribeOneTimeCredit* GetCredentials GetCustomDomainAssociation GetEndpointAccess
            GetIdentityCenterAuthToken GetManagedWorkgroup GetNamespace GetRecoveryPoint GetReservation*
            GetReservationOffering* GetResourcePolicy* GetScheduledAction* GetSnapshot GetTableRestoreStatus* GetTrack*
            GetUsageLimit* GetWorkgroup ListAutonomicsDenyList ListCustomDomainAssociations* ListEndpointAccess
            ListManagedWorkgroups* ListNamespaces* ListRecoveryPoints ListReservationOfferings* ListReservations*
            ListScheduledActions* ListSnapshotCopyConfigurations ListSnapshots ListTableRestoreStatus*
            ListTagsForResource ListTracks* ListUsageLimits* ListWorkgroups* PutResourcePolicy* RestoreFromRecoveryPoint
            RestoreFromSnapshot RestoreTableFromRecoveryPoint RestoreTableFromSnapshot TagResource UntagResource
            UpdateAutonomicsDenyList UpdateCustomDomainAssociation UpdateEndpointAccess UpdateLakehouseConfiguration
            UpdateNamespace UpdateScheduledAction* UpdateSnapshot UpdateSnapshotCopyConfiguration* UpdateUsageLimit*
            UpdateWorkgroup
            """
        ),
        (
            "s3",
            """
            AbortMultipartUpload:o AllowVendedLogDeliveryForResource:b AssociateAccessGrantsIdentityCenter
            BypassGovernanceRetention:o CreateAccessGrant CreateAccessGrantsInstance CreateAccessGrantsLocation
            CreateAccessPoint CreateAccessPointForObjectLambda CreateBucket:b CreateBucketMetadataTableConfiguration:b
            CreateJob* CreateMultiRegionAccessPoint CreateStorageLensGroup* DeleteAccessGrant DeleteAccessGrantsInstance
            DeleteAccessGrantsInstanceResourcePolicy DeleteAccessGrantsLocation DeleteAccessPoint
            DeleteAccessPointForObjectLambda DeleteAccessPointPolicy DeleteAccessPointPolicyForObjectLambda
            DeleteBucket:b DeleteBucketMetadataTableConfiguration:b DeleteBucketPolicy:b DeleteBucketWebsite:b
            DeleteJobTagging DeleteMultiRegionAccessPoint DeleteObject:o DeleteObjectAnnotation:o DeleteObjectTagging:o
            DeleteObjectVersion:o DeleteObjectVersionAnnotation:o DeleteObjectVersionTagging:o
            DeleteStorageLensConfiguration DeleteStorageLensConfigurationTagging DeleteStorageLensGroup DescribeJob
            DescribeMultiRegionAccessPointOperation DissociateAccessGrantsIdentityCenter GetAccelerateConfiguration:b
            GetAccessGrant GetAccessGrantsInstance GetAccessGrantsInstanceForPrefix
            GetAccessGrantsInstanceResourcePolicy GetAccessGrantsLocation GetAccessPoint*
            GetAccessPointConfigurationForObjectLambda GetAccessPointForObjectLambda GetAccessPointPolicy
            GetAccessPointPolicyForObjectLambda GetAccessPointPolicyStatus GetAccessPointPolicyStatusForObjectLambda
            GetAccountPublicAccessBlock* GetAnalyticsConfiguration:b GetBucketAbac:b GetBucketAcl:b GetBucketCors:b
            GetBucketLocation:b GetBucketLogging:b GetBucketMetadataTableConfiguration:b GetBucketNotification:b
            GetBucketObjectLockConfiguration:b GetBucketOwnershipControls:b GetBucketPolicy:b GetBucketPolicyStatus:b
            GetBucketPublicAccessBlock:b GetBucketRequestPayment:b GetBucketTagging:b GetBucketVersioning:b
            GetBucketWebsite:b GetDataAccess GetEncryptionConfiguration:b GetIntelligentTieringConfiguration:b
            GetInventoryConfiguration:b GetJobTagging GetLifecycleConfiguration:b GetMetricsConfiguration:b
            GetMultiRegionAccessPoint GetMultiRegionAccessPointPolicy GetMultiRegionAccessPointPolicyStatus
            GetMultiRegionAccessPointRoutes GetObject:o GetObjectAcl:o GetObjectAnnotation:o GetObjectAttributes:o
            GetObjectLegalHold:o GetObjectRetention:o GetObjectTagging:o GetObjectTorrent:o GetObjectVersion:o
            GetObjectVersionAcl:o GetObjectVersionAnnotation:o GetObjectVersionAnnotationForReplication:o
            GetObjectVersionAttributes:o GetObjectVersionForReplication:o GetObjectVersionTagging:o
            GetObjectVersionTorrent:o GetReplicationConfiguration:b GetStorageLensConfiguration
            GetStorageLensConfigurationTagging GetStorageLensDashboard GetStorageLensGroup InitiateReplication:o
            ListAccessGrants ListAccessGrantsInstances* ListAccessGrantsLocations ListAccessPoints*
            ListAccessPointsForObjectLambda* ListAllMyBuckets* ListBucket:b ListBucketMultipartUploads:b
            ListBucketVersions:b ListCallerAccessGrants ListJobs* ListMultiRegionAccessPoints*
            ListMultipartUploadParts:o ListObjectAnnotations:o ListObjectVersionAnnotations:o
            ListStorageLensConfigurations* ListStorageLensGroups* ListTagsForResource:b
            ObjectOwnerOverrideToBucketOwner:o PauseReplication:b PutAccelerateConfiguration:b
            PutAccessGrantsInstanceResourcePolicy PutAccessPointConfigurationForObjectLambda PutAccessPointPolicy
            PutAccessPointPolicyForObjectLambda PutAccessPointPublicAccessBlock* PutAccountPublicAccessBlock*
            PutAnalyticsConfiguration:b PutBucketAbac:b PutBucketAcl:b PutBucketCors:b PutBucketLogging:b
            PutBucketNotification:b PutBucketObjectLockConfiguration:b PutBucketOwnershipControls:b PutBucketPolicy:b
            PutBucketPublicAccessBlock:b PutBucketRequestPayment:b PutBucketTagging:b PutBucketVersioning:b
            PutBucketWebsite:b PutEncryptionConfiguration:b PutIntelligentTieringConfiguration:b
            PutInventoryConfiguration:b PutJobTagging PutLifecycleConfiguration:b PutMetricsConfiguration:b
            PutMultiRegionAccessPointPolicy PutObject:o PutObjectAcl:o PutObjectAnnotation:o PutObjectLegalHold:o
            PutObjectRetention:o PutObjectTagging:o PutObjectVersionAcl:o PutObjectVersionAnnotation:o
            PutObjectVersionTagging:o PutReplicationConfiguration:b PutStorageLensConfiguration*
            PutStorageLensConfigurationTagging ReplicateDelete:o ReplicateObject:o ReplicateObjectAnnotation:o
            ReplicateTags:o RestoreObject:o SubmitMultiRegionAccessPointRoutes TagResource:b UntagResource:b
            UpdateAccessGrantsLocation UpdateBucketMetadataAnnotationTableConfiguration:b
            UpdateBucketMetadataInventoryTableConfiguration:b UpdateBucketMetadataJournalTableConfiguration:b
            UpdateJobPriority UpdateJobStatus UpdateObjectEncryption:o UpdateStorageLensGroup
            """
        ),
        (
            "sts",
            """
            AssumeRole AssumeRoleWithSAML AssumeRoleWithWebIdentity AssumeRoot DecodeAuthorizationMessage*
            GetAccessKeyInfo* GetCallerIdentity* GetDelegatedAccessToken* GetFederationToken GetServiceBearerToken*
            GetSessionToken* GetWebIdentityToken* SetContext SetSourceIdentity TagGetWebIdentityToken* TagSession
            """
        ),
    ]
}
