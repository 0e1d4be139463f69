Feature: Key pairs

  Scenario Outline: What launches EC2 instances has a key pair
    Given I have <type> defined
    Then it must have key_name
    And its value must not be null

    Examples:
      | type                      |
      | aws_instance              |
      | aws_launch_template       |
      | aws_launch_configuration  |
      | aws_spot_instance_request |
