-- Once for each server, by who may make roles. On Kubernetes the operator does it: `managed` in k8s/cluster.yaml.

CREATE ROLE bank_service LOGIN;
