// Load for a Kubernetes API, whichever: the same requests to a kube-apiserver and to standalone.
module skerry.io/bench/apiload

go 1.24.0
