package main

import (
	"context"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsv1 "k8s.io/client-go/applyconfigurations/apps/v1"
	corev1 "k8s.io/client-go/applyconfigurations/core/v1"
	applymetav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// apply: two managers of one Deployment by server-side apply.
func apply(ctx context.Context, config *rest.Config, namespace string) error {
	deployments := kubernetes.NewForConfigOrDie(config).AppsV1().Deployments(namespace)
	labels := map[string]string{"app": "x"}
	wish := func(image string, replicas int32) *appsv1.DeploymentApplyConfiguration {
		spec := appsv1.DeploymentSpec().
			WithSelector(applymetav1.LabelSelector().WithMatchLabels(labels)).
			WithTemplate(corev1.PodTemplateSpec().WithLabels(labels).WithSpec(corev1.PodSpec().
				WithContainers(corev1.Container().WithName("main").WithImage(image))))
		if replicas > 0 {
			spec.WithReplicas(replicas)
		}
		return appsv1.Deployment("x", namespace).WithSpec(spec)
	}

	first := metav1.ApplyOptions{FieldManager: "first"}
	made, err := deployments.Apply(ctx, wish("one", 2), first)
	if err != nil || *made.Spec.Replicas != 2 {
		return fmt.Errorf("the first apply: %v, %v", made, err)
	}
	_, err = deployments.Apply(ctx, wish("two", 2), metav1.ApplyOptions{FieldManager: "second"})
	if !errors.IsConflict(err) {
		return fmt.Errorf("another image by another manager is no conflict: %v", err)
	}
	causes := err.(errors.APIStatus).Status().Details.Causes
	path := `.spec.template.spec.containers[name="main"].image`
	if len(causes) != 1 || causes[0].Type != metav1.CauseTypeFieldManagerConflict || causes[0].Field != path ||
		!strings.Contains(causes[0].Message, `conflict with "first"`) {
		return fmt.Errorf("the conflict says: %+v", causes)
	}
	forced, err := deployments.Apply(ctx, wish("two", 2), metav1.ApplyOptions{FieldManager: "second", Force: true})
	if err != nil || forced.Spec.Template.Spec.Containers[0].Image != "two" {
		return fmt.Errorf("the forced apply: %v, %v", forced, err)
	}
	// replicas now has two owners: it stays when one of them lets go, and ends with the last.
	if _, err = deployments.Apply(ctx, wish("two", 0), first); err != nil {
		return fmt.Errorf("letting go: %w", err)
	}
	left, err := deployments.Get(ctx, "x", metav1.GetOptions{})
	if err != nil || *left.Spec.Replicas != 2 {
		return fmt.Errorf("a field of two owners went with the first: %v, %v", left, err)
	}
	left, err = deployments.Apply(ctx, wish("two", 0), metav1.ApplyOptions{FieldManager: "second"})
	if err != nil || *left.Spec.Replicas != 1 {
		return fmt.Errorf("a field without owner keeps its value: %v, %v", left, err)
	}
	_, err = deployments.Apply(ctx, wish("two", 2), metav1.ApplyOptions{})
	if err == nil {
		return fmt.Errorf("an apply without a manager was accepted")
	}
	return nil
}
