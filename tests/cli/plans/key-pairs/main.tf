resource "aws_key_pair" "named" {
  key_name   = "ops"
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0bcf1Q2xY7m3mDJhNo9sJQ4tG7u0eVYVEJ4YQ4n0xF"
}

resource "aws_key_pair" "each" {
  for_each = toset(["a", "b"])

  key_name   = each.key
  public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ0bcf1Q2xY7m3mDJhNo9sJQ4tG7u0eVYVEJ4YQ4n0xF"
}

resource "aws_instance" "id" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.named.id
}

resource "aws_instance" "name" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.named.key_name
}

resource "aws_instance" "each" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.each["a"].key_name
}

resource "aws_instance" "one" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = one([for pair in aws_key_pair.each : pair.key_name if pair.key_name == "b"])
}

resource "aws_instance" "alias" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.named.key_name == "ops" ? aws_key_pair.named.key_name : null
}

resource "aws_instance" "unless" {
  ami           = "ami-0abcdef1234567890"
  instance_type = "t3.micro"
  key_name      = aws_key_pair.named.key_name != "ops" ? aws_key_pair.named.key_name : null
}
