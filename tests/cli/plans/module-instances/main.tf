module "tpl" {
  source   = "./tpl"
  for_each = { a = "ops", b = null }
  key_name = each.value
}

module "grp" {
  source   = "./grp"
  for_each = module.tpl
  id       = each.value.id
  v        = each.value.latest_version
}

module "keyed" {
  source   = "./grp"
  for_each = toset(["a", "b"])
  id       = module.tpl[each.key].id
}

module "lit" {
  source = "./grp"
  id     = module.tpl["b"].id
}

module "cnt" {
  source   = "./tpl"
  count    = 2
  key_name = count.index == 0 ? "ops" : null
}

module "cntg" {
  source = "./grp"
  count  = 2
  id     = module.cnt[count.index].id
}

module "outer" {
  source   = "./outer"
  count    = 2
  key_name = count.index == 1 ? "ops" : null
}

module "deep" {
  source   = "./outer"
  for_each = toset(["x.y", "z/w"])
}
