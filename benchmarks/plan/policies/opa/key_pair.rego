package key_pair

import rego.v1

types := {"aws_instance", "aws_launch_template", "aws_launch_configuration", "aws_spot_instance_request"}

found contains change.address if {
	some change in input.resource_changes
	change.type in types
	some action in change.change.actions
	action in {"create", "update"}
	object.get(change.change.after, "key_name", null) in {null, ""}
}
